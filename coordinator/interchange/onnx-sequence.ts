// The sequence block inside an ONNX graph. Where the network is told of time, every landmark has a sequence of its own, as
// days before the landmark differ from one to the next.

import { attentionHeads } from '../../shared/model/attention-lstm.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { networkOf } from '../../shared/model/network.ts'
import type { Preset } from '../../shared/model/presets.ts'
import { timeCodeSize, timePeriodsDays } from '../../shared/model/time-code.ts'
import type { EncoderOutputs } from './onnx-encoder.ts'
import type { GraphBuilder } from './onnx-graph.ts'
import { addLinear, type GraphParameters, normEpsilon } from './onnx-parameters.ts'

/** shared/model/sequence.ts. @returns [visit, hidden] */
export function addSequence(
  graph: GraphBuilder,
  parameters: GraphParameters,
  model: ModelSpec,
  { embeddings, layers }: EncoderOutputs,
): string {
  const preset = networkOf(model)
  const isTold = model.timeInput === 'fourier'
  if (isTold) addGaps(graph)
  switch (preset.temporal) {
    case 'gru':
      return addGru(graph, parameters, preset, addNorm(graph, parameters, 'sequence.norm', embeddings), [], isTold)
    case 'change-gru': {
      const maps = 'grid' in preset ? layers[preset.comparedLayer] : undefined
      if (maps === undefined) throw new Error('a network of features has no maps to compare')
      const departures = [addDepartures(graph, parameters, maps)]
      return addGru(
        graph,
        parameters,
        preset,
        addNorm(graph, parameters, 'sequence.norm', embeddings),
        departures,
        isTold,
      )
    }
    case 'mean':
      return addMean(graph, addNorm(graph, parameters, 'sequence.norm', embeddings))
    case 'attention-lstm':
      return addAttentionLstm(graph, parameters, preset, embeddings, isTold)
  }
}

function addNorm(graph: GraphBuilder, parameters: GraphParameters, name: string, x: string): string {
  const norm = [parameters.as(`${name}.scale`), parameters.as(`${name}.shift`)]
  return graph.add('LayerNormalization', [x, ...norm], { axis: -1, epsilon: normEpsilon })
}

/** The mean of the rows up to each. */
function addMean(graph: GraphBuilder, normal: string): string {
  const noughts = graph.add('ConstantOfShape', [graph.add('Shape', [normal])])
  const ones = graph.add('Add', [noughts, graph.floats('mean.one', [], Float32Array.of(1))])
  const down = graph.add('Squeeze', [graph.integers(0)])
  return graph.add('Div', [graph.add('CumSum', [normal, down]), graph.add('CumSum', [ones, down])])
}

/** The sum of the rows before each; nought for the first. */
function addSumBefore(graph: GraphBuilder, x: string): string {
  return graph.add('CumSum', [x, graph.integer(0)], { exclusive: 1 })
}

/**
 * How each visit's maps depart from the mean of those before, pooled and embedded; nought at the first visit.
 * @param maps [visit, channel, depth, height, width]
 * @returns [visit, embedding]
 */
function addDepartures(graph: GraphBuilder, parameters: GraphParameters, maps: string): string {
  const one = graph.floats('change.one', [], Float32Array.of(1))
  const visits = graph.add('Slice', [graph.add('Shape', [maps]), graph.integers(0), graph.integers(1)])
  const noughts = graph.add('ConstantOfShape', [graph.add('Concat', [visits, graph.integers(1)], { axis: 0 })])
  const before = addSumBefore(graph, graph.add('Add', [noughts, one])) // [visit, 1]: how many visits came before
  const divisor = graph.add('Unsqueeze', [graph.add('Max', [before, one]), graph.integers(2, 3, 4)])
  const departures = graph.add('Sub', [maps, graph.add('Div', [addSumBefore(graph, maps), divisor])])
  const overVoxels = { axes: [2, 3, 4], keepdims: 0 }
  const pooled = graph.add(
    'Concat',
    [
      graph.add('ReduceMean', [departures], overVoxels),
      graph.add('ReduceMax', [departures], overVoxels),
      graph.add('Neg', [graph.add('ReduceMin', [departures], overVoxels)]),
    ],
    { axis: 1 },
  )
  const seen = addNorm(
    graph,
    parameters,
    'sequence.change.norm',
    addLinear(graph, parameters, 'sequence.change', pooled),
  )
  return graph.add('Mul', [seen, graph.add('Min', [before, one])])
}

/** Each embedding, its difference to the one before and what else is seen of each visit, into a GRU. */
function addGru(
  graph: GraphBuilder,
  parameters: GraphParameters,
  { embeddingSize, hiddenSize }: Preset,
  normal: string,
  departures: readonly string[],
  isTold: boolean,
): string {
  const rows = (from: number, to: number): string =>
    graph.add('Slice', [normal, graph.integers(from), graph.integers(to), graph.integers(0)])
  // The first visit stands before itself, so its difference is nought.
  const before = graph.add('Concat', [rows(0, 1), rows(0, -1)], { axis: 0 })
  const inputs = graph.add('Concat', [normal, graph.add('Sub', [normal, before]), ...departures], { axis: 1 })
  const columns = (2 + departures.length) * embeddingSize
  const seen = graph.add('Unsqueeze', [inputs, graph.integers(1)]) // [visit, 1, column]
  const weights = recurrentWeights(graph, parameters, 'sequence.gru', {
    inputs: columns,
    hidden: hiddenSize,
    order: [1, 0, 2],
    isTold,
  })
  const given = isTold ? addTime(graph, seen, columns) : seen
  const states = graph.add('GRU', [given, ...weights], { hidden_size: hiddenSize, linear_before_reset: 1 }) // [visit, direction, sequence, hidden]
  return isTold ? ownStates(graph, states) : graph.add('Squeeze', [states, graph.integers(1, 2)])
}

/** shared/model/attention-lstm.ts, once for every landmark, as attention sees all that is shown. */
function addAttentionLstm(
  graph: GraphBuilder,
  parameters: GraphParameters,
  { embeddingSize, hiddenSize }: Preset,
  embeddings: string,
  isTold: boolean,
): string {
  const part = embeddingSize / attentionHeads
  const layer = (name: string, x: string): string =>
    graph.add('Add', [
      graph.add('MatMul', [x, parameters.as(`sequence.attention.${name}Kernel`)]),
      parameters.as(`sequence.attention.${name}Bias`),
    ])
  const byHead = graph.add('Reshape', [layer('input', embeddings), graph.integers(-1, 3, attentionHeads, part)])
  const turned = graph.add('Transpose', [byHead], { perm: [1, 2, 0, 3] }) // [3, head, visit, part]
  const one = (at: number): string =>
    graph.add('Gather', [turned, graph.add('Squeeze', [graph.integers(at)])], { axis: 0 })
  const [query, key, value] = [one(0), one(1), one(2)]
  const alike = graph.add('MatMul', [query, graph.add('Transpose', [key], { perm: [0, 2, 1] })]) // [head, visit, visit]
  const scale = graph.floats('attention.scale', [], Float32Array.of(1 / Math.sqrt(part)))
  // Of landmark l only visits up to l are there: masked by a row of a triangle. [landmark, 1, 1, visit]
  const visits = graph.add('Slice', [graph.add('Shape', [embeddings]), graph.integers(0), graph.integers(1)])
  const noughts = graph.add('ConstantOfShape', [graph.add('Concat', [visits, visits], { axis: 0 })])
  const unity = graph.floats('attention.one', [], Float32Array.of(1))
  const later = graph.add('Sub', [graph.add('Trilu', [graph.add('Add', [noughts, unity])], { upper: 0 }), unity])
  const mask = graph.add('Unsqueeze', [
    graph.add('Mul', [later, graph.floats('attention.never', [], Float32Array.of(1e9))]),
    graph.integers(1, 2),
  ])
  const weights = graph.add('Softmax', [graph.add('Add', [graph.add('Mul', [alike, scale]), mask])], { axis: -1 }) // [landmark, head, visit, visit]
  const merged = graph.add('Transpose', [graph.add('MatMul', [weights, value])], { perm: [2, 0, 1, 3] })
  const flat = graph.add('Reshape', [merged, graph.integers(0, 0, embeddingSize)]) // [visit, landmark, embedding]
  const attended = layer('output', flat)
  const recurrent = recurrentWeights(graph, parameters, 'sequence.lstm', {
    inputs: embeddingSize,
    hidden: hiddenSize,
    order: [0, 3, 1, 2],
    isTold,
  })
  const given = isTold ? graph.add('Concat', [attended, addTimeCode(graph)], { axis: 2 }) : attended
  const states = graph.add('LSTM', [given, ...recurrent], { hidden_size: hiddenSize })
  return graph.add('Relu', [ownStates(graph, states)])
}

/** One sequence for each landmark: of the one whose landmark is visit l, the state after visit l. @returns [visit, hidden] */
function ownStates(graph: GraphBuilder, states: string): string {
  const all = graph.add('Squeeze', [states, graph.integers(1)]) // [visit, landmark, hidden]
  const first = graph.add('Squeeze', [
    graph.add('Slice', [all, graph.integers(0), graph.integers(1), graph.integers(2)]),
    graph.integers(2),
  ])
  const own = graph.add('Unsqueeze', [graph.add('EyeLike', [first]), graph.integers(2)])
  return graph.add('ReduceSum', [graph.add('Mul', [all, own]), graph.integers(0)], { keepdims: 0 })
}

/** @param order where each of ONNX's gates stands among ours */
function recurrentWeights(
  graph: GraphBuilder,
  parameters: GraphParameters,
  name: string,
  {
    inputs,
    hidden,
    order,
    isTold,
  }: { readonly inputs: number; readonly hidden: number; readonly order: readonly number[]; readonly isTold: boolean },
): string[] {
  const gates = (values: Float32Array): Float32Array => inOrder(values, order)
  const wide = order.length * hidden
  const timeKernel = isTold ? gates(parameters.transposed('sequence.time.kernel')) : new Float32Array()
  const inputKernel = sideBySide(gates(parameters.transposed(`${name}.inputKernel`)), timeKernel, wide)
  const bias = [
    ...gates(parameters.values(`${name}.inputBias`).values),
    ...gates(parameters.values(`${name}.hiddenBias`).values),
  ]
  return [
    graph.floats(`${name}.inputKernel`, [1, wide, inputs + (isTold ? timeCodeSize : 0)], inputKernel),
    graph.floats(`${name}.hiddenKernel`, [1, wide, hidden], gates(parameters.transposed(`${name}.hiddenKernel`))),
    graph.floats(`${name}.bias`, [1, 2 * wide], Float32Array.from(bias)),
  ]
}

/** `gaps` [visit, landmark]: days from each visit to each landmark. */
function addGaps(graph: GraphBuilder): void {
  const row = graph.add('Unsqueeze', ['days', graph.integers(0)])
  graph.add('Sub', [row, graph.add('Unsqueeze', ['days', graph.integers(1)])], {}, 'gaps')
}

/** What is seen of each visit, beside the code of its time. @param seen [visit, 1, column] @returns [visit, landmark, column + code] */
function addTime(graph: GraphBuilder, seen: string, columns: number): string {
  const shape = graph.add('Concat', [graph.add('Shape', ['gaps']), graph.integers(columns)], { axis: 0 })
  return graph.add('Concat', [graph.add('Expand', [seen, shape]), addTimeCode(graph)], { axis: 2 })
}

/**
 * shared/model/time-code.ts: sin and cos of the days before each landmark. A code of visits after the landmark is computed
 * too, and no state that is read has seen it.
 * @returns [visit, landmark, code]
 */
function addTimeCode(graph: GraphBuilder): string {
  const frequencies = timePeriodsDays.flatMap((period) => [(2 * Math.PI) / period, (2 * Math.PI) / period])
  const phases = timePeriodsDays.flatMap(() => [0, Math.PI / 2]) // cos x = sin(x + π/2)
  const angles = graph.add('Mul', [
    graph.add('Unsqueeze', ['gaps', graph.integers(2)]),
    graph.floats('time.frequencies', [timeCodeSize], Float32Array.from(frequencies)),
  ])
  const shifted = graph.add('Add', [angles, graph.floats('time.phases', [timeCodeSize], Float32Array.from(phases))])
  return graph.add('Sin', [shifted])
}

/** Two matrices of so many rows, the second to the right of the first. */
function sideBySide(left: Float32Array, right: Float32Array, rows: number): Float32Array {
  const row = (of: Float32Array, at: number): Float32Array =>
    of.subarray((at * of.length) / rows, ((at + 1) * of.length) / rows)
  return Float32Array.from(Array.from({ length: rows }, (_, at) => [...row(left, at), ...row(right, at)]).flat())
}

/** Rows of gates in another order. */
function inOrder(values: Float32Array, order: readonly number[]): Float32Array {
  const size = values.length / order.length
  return Float32Array.from(order.flatMap((gate) => [...values.subarray(gate * size, (gate + 1) * size)]))
}
