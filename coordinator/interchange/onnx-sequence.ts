// The sequence block inside an ONNX graph. Every landmark has a run of its own over the visits that it is judged by: those up to
// it, or of them the latest, as many as the preset takes. Rows of a run are steps, columns landmarks; what stands after a
// landmark's own last step is computed too, and no state that is read has seen it.

import { attentionHeads } from '../../shared/model/attention-lstm.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { networkOf } from '../../shared/model/network.ts'
import type { Preset } from '../../shared/model/presets.ts'
import { timeCodeSize, timePeriodsDays } from '../../shared/model/time-code.ts'
import type { EncoderOutputs } from './onnx-encoder.ts'
import { elementType, type GraphBuilder } from './onnx-graph.ts'
import { addLinear, type GraphParameters, normEpsilon } from './onnx-parameters.ts'

/** Which visit stands where, by the names of values. */
interface Runs {
  /** Number of the visit, of a later one after a landmark's end. [step, landmark] */
  readonly visits: string
  /** That of the visit before; at the first step the visit's own. [step, landmark] */
  readonly before: string
  /** First visit of each landmark's run. [landmark] */
  readonly first: string
  /** [step, 1] */
  readonly steps: string
  /** Last step of each landmark's run. [landmark] */
  readonly last: string
}

/** shared/model/sequence.ts. @returns [visit, hidden] */
export function addSequence(
  graph: GraphBuilder,
  parameters: GraphParameters,
  model: ModelSpec,
  { embeddings, layers }: EncoderOutputs,
): string {
  const preset = networkOf(model)
  const runs = addRuns(graph, embeddings, preset.mostScans)
  const time = model.timeInput === 'fourier' ? [addTimeCode(graph, runs)] : []
  switch (preset.temporal) {
    case 'gru':
      return addGru(graph, parameters, preset, embeddings, runs, { time, departures: [] })
    case 'change-gru': {
      const maps = 'grid' in preset ? layers[preset.comparedLayer] : undefined
      if (maps === undefined) throw new Error('a network of features has no maps to compare')
      const departures = [addDepartures(graph, parameters, maps, runs)]
      return addGru(graph, parameters, preset, embeddings, runs, { time, departures })
    }
    case 'mean':
      return addMean(graph, addNorm(graph, parameters, 'sequence.norm', embeddings), runs)
    case 'attention-lstm':
      return addAttentionLstm(graph, parameters, preset, embeddings, runs, time)
  }
}

function addRuns(graph: GraphBuilder, embeddings: string, most: number | undefined): Runs {
  const count = graph.add('Squeeze', [
    graph.add('Slice', [graph.add('Shape', [embeddings]), graph.integers(0), graph.integers(1)]),
  ])
  const [nought, one] = [graph.integer(0), graph.integer(1)]
  const landmarks = graph.add('Range', [nought, count, one])
  const longest = most === undefined ? count : graph.add('Min', [count, graph.integer(most)])
  const steps = graph.add('Unsqueeze', [graph.add('Range', [nought, longest, one]), graph.integers(1)])
  const first = graph.add('Max', [graph.add('Sub', [landmarks, graph.add('Sub', [longest, one])]), nought])
  const visits = graph.add('Min', [graph.add('Add', [first, steps]), graph.add('Sub', [count, one])])
  const before = graph.add('Max', [graph.add('Sub', [visits, one]), first])
  return { visits, before, first, steps, last: graph.add('Sub', [landmarks, first]) }
}

/** Of each landmark the state after its own last step. @param states [step, 1, landmark, hidden] @returns [visit, hidden] */
function addLastStates(graph: GraphBuilder, states: string, { steps, last }: Runs): string {
  const isLast = graph.add('Cast', [graph.add('Equal', [steps, last])], { to: elementType.float }) // [step, landmark]
  const all = graph.add('Squeeze', [states, graph.integers(1)])
  const kept = graph.add('Mul', [all, graph.add('Unsqueeze', [isLast, graph.integers(2)])])
  return graph.add('ReduceSum', [kept, graph.integers(0)], { keepdims: 0 })
}

function addNorm(graph: GraphBuilder, parameters: GraphParameters, name: string, x: string): string {
  const norm = [parameters.as(`${name}.scale`), parameters.as(`${name}.shift`)]
  return graph.add('LayerNormalization', [x, ...norm], { axis: -1, epsilon: normEpsilon })
}

/** The mean of the rows of each landmark's run. */
function addMean(graph: GraphBuilder, normal: string, { first, last }: Runs): string {
  const before = addSumBefore(graph, normal) // [visit, embedding]
  const sum = graph.add('Sub', [graph.add('Add', [before, normal]), graph.add('Gather', [before, first])])
  const count = graph.add('Add', [graph.add('Cast', [last], { to: elementType.float }), addOne(graph)])
  return graph.add('Div', [sum, graph.add('Unsqueeze', [count, graph.integers(1)])])
}

/** The sum of the rows before each; nought for the first. */
function addSumBefore(graph: GraphBuilder, x: string): string {
  return graph.add('CumSum', [x, graph.integer(0)], { exclusive: 1 })
}

function addOne(graph: GraphBuilder): string {
  return graph.floats('one.float', [], Float32Array.of(1))
}

/**
 * How each visit's maps depart from the mean of those before in its run, pooled and embedded; nought at the first.
 * @param maps [visit, channel, depth, height, width]
 * @returns [step, landmark, embedding]
 */
function addDepartures(
  graph: GraphBuilder,
  parameters: GraphParameters,
  maps: string,
  { visits, first, steps }: Runs,
): string {
  const before = addSumBefore(graph, maps)
  const earlier = graph.add('Sub', [graph.add('Gather', [before, visits]), graph.add('Gather', [before, first])])
  const step = graph.add('Cast', [steps], { to: elementType.float }) // how many visits came before, [step, 1]
  const divisor = graph.add('Unsqueeze', [graph.add('Max', [step, addOne(graph)]), graph.integers(2, 3, 4, 5)])
  const departures = graph.add('Sub', [graph.add('Gather', [maps, visits]), graph.add('Div', [earlier, divisor])]) // [step, landmark, channel, depth, height, width]
  const overVoxels = { axes: [3, 4, 5], keepdims: 0 }
  const pooled = graph.add(
    'Concat',
    [
      graph.add('ReduceMean', [departures], overVoxels),
      graph.add('ReduceMax', [departures], overVoxels),
      graph.add('Neg', [graph.add('ReduceMin', [departures], overVoxels)]),
    ],
    { axis: 2 },
  )
  const embedded = addLinear(graph, parameters, 'sequence.change', pooled)
  const seen = addNorm(graph, parameters, 'sequence.change.norm', embedded)
  const hasEarlier = graph.add('Unsqueeze', [graph.add('Min', [step, addOne(graph)]), graph.integers(2)])
  return graph.add('Mul', [seen, hasEarlier])
}

interface SeenBeside {
  /** Each [step, landmark, code]. */
  readonly time: readonly string[]
  /** Each [step, landmark, embedding]. */
  readonly departures: readonly string[]
}

/** Each embedding, its difference to the one before and what else is seen of each visit, into a GRU. */
function addGru(
  graph: GraphBuilder,
  parameters: GraphParameters,
  { embeddingSize, hiddenSize }: Preset,
  embeddings: string,
  runs: Runs,
  { time, departures }: SeenBeside,
): string {
  const normal = addNorm(graph, parameters, 'sequence.norm', embeddings)
  const current = graph.add('Gather', [normal, runs.visits])
  const change = graph.add('Sub', [current, graph.add('Gather', [normal, runs.before])])
  const inputs = graph.add('Concat', [current, change, ...departures, ...time], { axis: 2 })
  const weights = recurrentWeights(graph, parameters, 'sequence.gru', {
    inputs: (2 + departures.length) * embeddingSize,
    hidden: hiddenSize,
    order: [1, 0, 2],
    isTold: time.length > 0,
  })
  const states = graph.add('GRU', [inputs, ...weights], { hidden_size: hiddenSize, linear_before_reset: 1 })
  return addLastStates(graph, states, runs)
}

/** shared/model/attention-lstm.ts. */
function addAttentionLstm(
  graph: GraphBuilder,
  parameters: GraphParameters,
  { embeddingSize, hiddenSize }: Preset,
  embeddings: string,
  runs: Runs,
  time: readonly string[],
): string {
  const part = embeddingSize / attentionHeads
  const layer = (name: string, x: string): string =>
    graph.add('Add', [
      graph.add('MatMul', [x, parameters.as(`sequence.attention.${name}Kernel`)]),
      parameters.as(`sequence.attention.${name}Bias`),
    ])
  const asked = layer('input', graph.add('Gather', [embeddings, runs.visits]))
  const byHead = graph.add('Reshape', [asked, graph.integers(0, 0, 3, attentionHeads, part)])
  const turned = graph.add('Transpose', [byHead], { perm: [2, 1, 3, 0, 4] }) // [3, landmark, head, step, part]
  const one = (at: number): string =>
    graph.add('Gather', [turned, graph.add('Squeeze', [graph.integers(at)])], { axis: 0 })
  const [query, key, value] = [one(0), one(1), one(2)]
  const alike = graph.add('MatMul', [query, graph.add('Transpose', [key], { perm: [0, 1, 3, 2] })]) // [landmark, head, step, step]
  const scale = graph.floats('attention.scale', [], Float32Array.of(1 / Math.sqrt(part)))
  const isLater = graph.add('Cast', [graph.add('Greater', [runs.steps, runs.last])], { to: elementType.float }) // [step, landmark]
  const never = graph.add('Mul', [isLater, graph.floats('attention.never', [], Float32Array.of(-1e9))])
  const mask = graph.add('Unsqueeze', [graph.add('Transpose', [never], { perm: [1, 0] }), graph.integers(1, 2)])
  const weights = graph.add('Softmax', [graph.add('Add', [graph.add('Mul', [alike, scale]), mask])], { axis: -1 })
  const merged = graph.add('Transpose', [graph.add('MatMul', [weights, value])], { perm: [2, 0, 1, 3] })
  const attended = layer('output', graph.add('Reshape', [merged, graph.integers(0, 0, embeddingSize)])) // [step, landmark, embedding]
  const recurrent = recurrentWeights(graph, parameters, 'sequence.lstm', {
    inputs: embeddingSize,
    hidden: hiddenSize,
    order: [0, 3, 1, 2],
    isTold: time.length > 0,
  })
  const given = graph.add('Concat', [attended, ...time], { axis: 2 })
  const states = graph.add('LSTM', [given, ...recurrent], { hidden_size: hiddenSize })
  return graph.add('Relu', [addLastStates(graph, states, runs)])
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

/** shared/model/time-code.ts: sin and cos of the days from each visit to the landmark. @returns [step, landmark, code] */
function addTimeCode(graph: GraphBuilder, { visits }: Runs): string {
  const gaps = graph.add('Sub', ['days', graph.add('Gather', ['days', visits])])
  const frequencies = timePeriodsDays.flatMap((period) => [(2 * Math.PI) / period, (2 * Math.PI) / period])
  const phases = timePeriodsDays.flatMap(() => [0, Math.PI / 2]) // cos x = sin(x + π/2)
  const angles = graph.add('Mul', [
    graph.add('Unsqueeze', [gaps, graph.integers(2)]),
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
