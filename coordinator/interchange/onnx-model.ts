// A network as an ONNX file, which onnxruntime and others run without any code of ours. In: one child's prepared scans in
// order of time. Out: the embeddings, progression scores and risks that the site agent computes. Operators of ONNX's
// version 17; the graph follows shared/model.

import { Model, type Value } from '../../shared/gen/sequela/onnx/v1/onnx.ts'
import { hazardBins, hazardEdgesDays } from '../../shared/model/hazards.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { type Preset, presetOf } from '../../shared/model/presets.ts'
import { programVersion } from '../../shared/version.ts'
import type { Weights } from '../../shared/weights/weights.ts'
import { addEncoder } from './onnx-encoder.ts'
import { createGraphBuilder, floatValue, type GraphBuilder } from './onnx-graph.ts'
import { addLinear, type GraphParameters, normEpsilon, parametersIn } from './onnx-parameters.ts'

const irVersion = 8n
const operatorSet = 17n

export interface OnnxModelOptions {
  readonly model: ModelSpec
  readonly weights: Weights
  /** Notes that travel with the file: where the weights come from. */
  readonly notes: Readonly<Record<string, string>>
}

/**
 * The bytes of an ONNX file. Input `volumes` [visit, depth, height, width] holds normalised voxels, 0 in the background.
 * Outputs: `embeddings` [visit, embedding], `progression` [visit], and of an event after each visit, given the scans up to
 * it and none later: `risk_logits` and `risk` [visit] within the study's horizon, or of hazards `hazard_logits` and `risk`
 * [visit, bin], the risk up to the end of each bin.
 */
export function encodeOnnx({ model, weights, notes }: OnnxModelOptions): Uint8Array {
  const preset = presetOf(model.preset)
  const graph = createGraphBuilder()
  const parameters = parametersIn(graph, weights)
  const embeddings = addEncoder(graph, parameters, preset)
  const progression = graph.add('MatMul', [embeddings, parameters.as('head.pair.kernel')])
  graph.add('Squeeze', [progression, graph.integers(1)], {}, 'progression')
  const states = addSequence(graph, parameters, preset, embeddings)
  const riskValues = addRisk(graph, model.head, addLinear(graph, parameters, 'head.risk', states))
  return Model.encode({
    irVersion,
    producerName: 'sequela',
    producerVersion: programVersion,
    docString: 'Research software. Not a medical device.',
    opsetImport: [{ domain: '', version: operatorSet }],
    metadataProps: Object.entries(notes).map(([key, value]) => ({ key, value })),
    graph: graph.finish({
      name: `sequela-${model.preset}`,
      inputs: [floatValue('volumes', ['visit', ...preset.grid], 'prepared scans of one child in order of time')],
      outputs: [
        floatValue('embeddings', ['visit', preset.embeddingSize], 'what the encoder makes of each scan'),
        floatValue('progression', ['visit'], 'progression score: later scans have higher ones'),
        ...riskValues,
      ],
    }),
  }).finish()
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

/** shared/model/sequence.ts: each embedding and its difference to the one before, into a GRU. @returns [visit, hidden] */
function addSequence(graph: GraphBuilder, parameters: GraphParameters, preset: Preset, embeddings: string): string {
  const { embeddingSize, hiddenSize } = preset
  const norm = [parameters.as('sequence.norm.scale'), parameters.as('sequence.norm.shift')]
  const normal = graph.add('LayerNormalization', [embeddings, ...norm], { axis: -1, epsilon: normEpsilon })
  const rows = (from: number, to: number): string =>
    graph.add('Slice', [normal, graph.integers(from), graph.integers(to), graph.integers(0)])
  // The first visit stands before itself, so its difference is nought.
  const before = graph.add('Concat', [rows(0, 1), rows(0, -1)], { axis: 0 })
  const inputs = graph.add('Concat', [normal, graph.add('Sub', [normal, before])], { axis: 1 })
  const oneChild = graph.add('Unsqueeze', [inputs, graph.integers(1)]) // [visit, 1, 2·embedding]
  const gates = (values: Float32Array): Float32Array => updateFirst(values, hiddenSize)
  const bias = Float32Array.from([
    ...gates(parameters.values('sequence.gru.inputBias').values),
    ...gates(parameters.values('sequence.gru.hiddenBias').values),
  ])
  const inputKernel = gates(parameters.transposed('sequence.gru.inputKernel'))
  const hiddenKernel = gates(parameters.transposed('sequence.gru.hiddenKernel'))
  const states = graph.add(
    'GRU',
    [
      oneChild,
      graph.floats('sequence.gru.inputKernel', [1, 3 * hiddenSize, 2 * embeddingSize], inputKernel),
      graph.floats('sequence.gru.hiddenKernel', [1, 3 * hiddenSize, hiddenSize], hiddenKernel),
      graph.floats('sequence.gru.bias', [1, 6 * hiddenSize], bias),
    ],
    { hidden_size: hiddenSize, linear_before_reset: 1 },
  ) // [visit, direction, child, hidden]
  return graph.add('Squeeze', [states, graph.integers(1, 2)])
}

/** Our gates stand as reset, update, candidate; ONNX wants the update first. */
function updateFirst(values: Float32Array, hiddenSize: number): Float32Array {
  const rowLength = values.length / (3 * hiddenSize)
  const gate = (index: number): Float32Array =>
    values.subarray(index * hiddenSize * rowLength, (index + 1) * hiddenSize * rowLength)
  return Float32Array.from([...gate(1), ...gate(0), ...gate(2)])
}
