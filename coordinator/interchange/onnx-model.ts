// A network as an ONNX file, which onnxruntime and others run without any code of ours. In: one child's prepared scans in
// order of time. Out: the embeddings, progression scores and risks that the site agent computes. Operators of ONNX's
// version 17; the graph follows shared/model.

import { Model, type Value } from '../../shared/gen/sequela/onnx/v1/onnx.ts'
import { clinicalHidden, clinicalSize } from '../../shared/model/clinical.ts'
import { hazardBins, hazardEdgesDays } from '../../shared/model/hazards.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { networkOf } from '../../shared/model/network.ts'
import { programVersion } from '../../shared/version.ts'
import type { Weights } from '../../shared/weights/weights.ts'
import { addEncoder, encoderInput } from './onnx-encoder.ts'
import { createGraphBuilder, floatValue, type GraphBuilder } from './onnx-graph.ts'
import { addLinear, type GraphParameters, normEpsilon, parametersIn } from './onnx-parameters.ts'
import { addSequence } from './onnx-sequence.ts'

const irVersion = 8n
const operatorSet = 17n

export interface OnnxModelOptions {
  readonly model: ModelSpec
  readonly weights: Weights
  /** Notes that travel with the file: where the weights come from. */
  readonly notes: Readonly<Record<string, string>>
}

/**
 * The bytes of an ONNX file. Input `volumes` [visit, depth, height, width] holds normalised voxels, 0 in the background; for
 * models that are told of them, `days` [visit] since any one day and `chart` [13] as shared/model/clinical.ts has it.
 * Outputs: `embeddings` [visit, embedding], `progression` [visit], and of an event after each visit, given the scans up to
 * it (of them the latest, as many as the preset takes) and none later: `risk_logits` and `risk` [visit] within the study's
 * horizon, or of hazards `hazard_logits` and `risk` [visit, bin], the risk up to the end of each bin.
 */
export function encodeOnnx({ model, weights, notes }: OnnxModelOptions): Uint8Array {
  const preset = networkOf(model)
  const graph = createGraphBuilder()
  const parameters = parametersIn(graph, weights)
  const encoded = addEncoder(graph, parameters, model)
  const input = encoderInput(model)
  const progression = graph.add('MatMul', [encoded.embeddings, parameters.as('head.pair.kernel')])
  graph.add('Squeeze', [progression, graph.integers(1)], {}, 'progression')
  const inputs = [floatValue(input.name, ['visit', ...input.shape], 'prepared scans of one child in order of time')]
  if (model.timeInput === 'fourier') inputs.push(floatValue('days', ['visit'], 'days of the scans since any one day'))
  if (model.clinical) inputs.push(floatValue('chart', [clinicalSize], 'age, sex, resection, location, what is missing'))
  const states = addSequence(graph, parameters, model, encoded)
  const outputs = model.clinical
    ? addClinicalHead(graph, parameters, states)
    : addLinear(graph, parameters, 'head.risk', states)
  const riskValues = addRisk(graph, model.head, outputs)
  return Model.encode({
    irVersion,
    producerName: 'sequela',
    producerVersion: programVersion,
    docString: 'Research software. Not a medical device.',
    opsetImport: [{ domain: '', version: operatorSet }],
    metadataProps: Object.entries(notes).map(([key, value]) => ({ key, value })),
    graph: graph.finish({
      name: `sequela-${model.preset}`,
      inputs,
      outputs: [
        floatValue('embeddings', ['visit', preset.embeddingSize], 'what the encoder makes of each scan'),
        floatValue('progression', ['visit'], 'progression score: later scans have higher ones'),
        ...riskValues,
      ],
    }),
  }).finish()
}

/** shared/model/heads.ts with a chart: the state and what the chart becomes, each by its part of the head's kernel. */
function addClinicalHead(graph: GraphBuilder, parameters: GraphParameters, states: string): string {
  const chart = graph.add('Unsqueeze', ['chart', graph.integers(0)]) // [1, clinical]
  const norm = [parameters.as('clinical.norm.scale'), parameters.as('clinical.norm.shift')]
  const embedded = addLinear(graph, parameters, 'clinical.embedding', chart)
  const normal = graph.add('LayerNormalization', [embedded, ...norm], { axis: -1, epsilon: normEpsilon })
  const { shape, values } = parameters.values('head.risk.kernel')
  const [rows = 0, outputs = 0] = shape
  const ofStates = rows - clinicalHidden
  const part = (name: string, from: number, to: number): string =>
    graph.floats(name, [to - from, outputs], values.slice(from * outputs, to * outputs))
  const fromStates = graph.add('MatMul', [states, part('head.risk.kernel.states', 0, ofStates)])
  const fromChart = graph.add('MatMul', [graph.add('Relu', [normal]), part('head.risk.kernel.chart', ofStates, rows)])
  return graph.add('Add', [graph.add('Add', [fromStates, fromChart]), parameters.as('head.risk.bias')])
}

/** shared/model/risk.ts: probabilities from what the risk head gives. @returns what the graph's outputs are */
function addRisk(graph: GraphBuilder, head: ModelSpec['head'], outputs: string): Value[] {
  if (head === 'binary') {
    const logits = graph.add('Squeeze', [outputs, graph.integers(1)], {}, 'risk_logits')
    graph.add('Sigmoid', [logits], {}, 'risk')
    return [
      floatValue('risk_logits', ['visit'], 'logit of an event within the horizon after each visit'),
      floatValue('risk', ['visit'], 'the same as a probability, not recalibrated'),
    ]
  }
  const logits = graph.add('Identity', [outputs], {}, 'hazard_logits')
  // Survival is the product of 1 − h, so its negative logarithm the running sum of log(1 + exp(z)).
  const cumulative = graph.add('CumSum', [graph.add('Softplus', [logits]), graph.integer(1)])
  graph.add(
    'Sub',
    [graph.floats('one', [], new Float32Array([1])), graph.add('Exp', [graph.add('Neg', [cumulative])])],
    {},
    'risk',
  )
  const ends = hazardEdgesDays.join(', ')
  return [
    floatValue('hazard_logits', ['visit', hazardBins], `logits of hazards; bins end ${ends} days after each visit`),
    floatValue('risk', ['visit', hazardBins], 'probability of an event up to the end of each bin, not recalibrated'),
  ]
}
