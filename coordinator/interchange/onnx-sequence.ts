// The sequence block inside an ONNX graph. Where the network is told of time, every landmark has a sequence of its own, as
// days before the landmark differ from one to the next.

import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { presetOf } from '../../shared/model/presets.ts'
import { timeCodeSize, timePeriodsDays } from '../../shared/model/time-code.ts'
import type { GraphBuilder } from './onnx-graph.ts'
import { type GraphParameters, normEpsilon } from './onnx-parameters.ts'

/** shared/model/sequence.ts: each embedding and its difference to the one before, into a GRU. @returns [visit, hidden] */
export function addSequence(
  graph: GraphBuilder,
  parameters: GraphParameters,
  model: ModelSpec,
  embeddings: string,
): string {
  const { embeddingSize, hiddenSize } = presetOf(model.preset)
  const told = model.timeInput === 'fourier'
  const norm = [parameters.as('sequence.norm.scale'), parameters.as('sequence.norm.shift')]
  const normal = graph.add('LayerNormalization', [embeddings, ...norm], { axis: -1, epsilon: normEpsilon })
  const rows = (from: number, to: number): string =>
    graph.add('Slice', [normal, graph.integers(from), graph.integers(to), graph.integers(0)])
  // The first visit stands before itself, so its difference is nought.
  const before = graph.add('Concat', [rows(0, 1), rows(0, -1)], { axis: 0 })
  const inputs = graph.add('Concat', [normal, graph.add('Sub', [normal, before])], { axis: 1 })
  const seen = graph.add('Unsqueeze', [inputs, graph.integers(1)]) // [visit, 1, 2·embedding]
  const gates = (values: Float32Array): Float32Array => updateFirst(values, hiddenSize)
  const bias = Float32Array.from([
    ...gates(parameters.values('sequence.gru.inputBias').values),
    ...gates(parameters.values('sequence.gru.hiddenBias').values),
  ])
  const inputKernel = gates(parameters.transposed('sequence.gru.inputKernel'))
  const timeKernel = told ? gates(parameters.transposed('sequence.time.kernel')) : new Float32Array()
  const inputSize = 2 * embeddingSize + (told ? timeCodeSize : 0)
  const hiddenKernel = gates(parameters.transposed('sequence.gru.hiddenKernel'))
  const states = graph.add(
    'GRU',
    [
      told ? addTime(graph, seen, 2 * embeddingSize) : seen,
      graph.floats(
        'sequence.gru.inputKernel',
        [1, 3 * hiddenSize, inputSize],
        sideBySide(inputKernel, timeKernel, 3 * hiddenSize),
      ),
      graph.floats('sequence.gru.hiddenKernel', [1, 3 * hiddenSize, hiddenSize], hiddenKernel),
      graph.floats('sequence.gru.bias', [1, 6 * hiddenSize], bias),
    ],
    { hidden_size: hiddenSize, linear_before_reset: 1 },
  ) // [visit, direction, sequence, hidden]
  if (!told) return graph.add('Squeeze', [states, graph.integers(1, 2)])
  // One sequence for each landmark: of the one whose landmark is visit l, the state after visit l.
  const own = graph.add('Unsqueeze', [graph.add('EyeLike', ['gaps']), graph.integers(2)])
  const after = graph.add('Mul', [graph.add('Squeeze', [states, graph.integers(1)]), own])
  return graph.add('ReduceSum', [after, graph.integers(0)], { keepdims: 0 })
}

/**
 * shared/model/time-code.ts: sin and cos of the days before each landmark, beside what is seen. A code of visits after
 * the landmark is computed too, and no state that is read has seen it.
 * @param seen [visit, 1, column]
 * @returns [visit, landmark, column + code]
 */
function addTime(graph: GraphBuilder, seen: string, columns: number): string {
  const row = graph.add('Unsqueeze', ['days', graph.integers(0)])
  graph.add('Sub', [row, graph.add('Unsqueeze', ['days', graph.integers(1)])], {}, 'gaps') // [visit, landmark]
  const frequencies = timePeriodsDays.flatMap((period) => [(2 * Math.PI) / period, (2 * Math.PI) / period])
  const phases = timePeriodsDays.flatMap(() => [0, Math.PI / 2]) // cos x = sin(x + π/2)
  const angles = graph.add('Mul', [
    graph.add('Unsqueeze', ['gaps', graph.integers(2)]),
    graph.floats('time.frequencies', [timeCodeSize], Float32Array.from(frequencies)),
  ])
  const shifted = graph.add('Add', [angles, graph.floats('time.phases', [timeCodeSize], Float32Array.from(phases))])
  const shape = graph.add('Concat', [graph.add('Shape', ['gaps']), graph.integers(columns)], { axis: 0 })
  return graph.add('Concat', [graph.add('Expand', [seen, shape]), graph.add('Sin', [shifted])], { axis: 2 })
}

/** Two matrices of so many rows, the second to the right of the first. */
function sideBySide(left: Float32Array, right: Float32Array, rows: number): Float32Array {
  const row = (of: Float32Array, at: number): Float32Array =>
    of.subarray((at * of.length) / rows, ((at + 1) * of.length) / rows)
  return Float32Array.from(Array.from({ length: rows }, (_, at) => [...row(left, at), ...row(right, at)]).flat())
}

/** Our gates stand as reset, update, candidate; ONNX wants the update first. */
function updateFirst(values: Float32Array, hiddenSize: number): Float32Array {
  const rowLength = values.length / (3 * hiddenSize)
  const gate = (index: number): Float32Array =>
    values.subarray(index * hiddenSize * rowLength, (index + 1) * hiddenSize * rowLength)
  return Float32Array.from([...gate(1), ...gate(0), ...gate(2)])
}
