// From a child's embeddings to a state after each visit: layer normalisation, then a GRU that sees each embedding and its
// difference to the one before. Without the differences, more scans do not help.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { layerNorm } from './layer-norm.ts'
import { type FusedOps, type ParameterTensors, parameter } from './parameter-tensors.ts'
import type { Preset } from './presets.ts'
import { timeCode, timeCodeSize } from './time-code.ts'

type Tf = typeof TensorFlow

/**
 * Which scan stands where in a batch of sequences: row `step·sequences + sequence` of the input is scan `scans[row]`, or
 * nothing where that is −1 (after a sequence's end).
 */
export interface SequenceLayout {
  readonly steps: number
  readonly sequences: number
  readonly scans: Int32Array
  /** Days from each row's scan to the landmark, for networks that are told of time; NaN after a sequence's end. */
  readonly gapDays?: Float64Array
}

/**
 * Runs the GRU over sequences of scans.
 * @param embeddings [scan, embedding]
 * @returns states [step, sequence, hidden]; those after a sequence's end mean nothing
 */
export function runSequences(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  embeddings: Tensor2D,
  layout: SequenceLayout,
): Tensor3D {
  const { steps, sequences } = layout
  const normal = layerNorm(tf, parameters, 'sequence.norm', embeddings) // [scan, embedding]
  const current = tf.matMul(selection(tf, layout, normal.shape[0], false), normal) // [step·sequence, embedding]
  const change = tf.matMul(selection(tf, layout, normal.shape[0], true), normal)
  const inputKernel = parameter(parameters, 'sequence.gru.inputKernel') as Tensor2D
  const inputs = tf.concat([current, change], 1) as Tensor2D // [step·sequence, 2·embedding]
  const seen = tf.add(tf.matMul(inputs, inputKernel), parameter(parameters, 'sequence.gru.inputBias'))
  const projected = tf.addN([seen, ...timeInput(tf, parameters, layout)]) // [step·sequence, 3·hidden]
  const hiddenKernel = parameter(parameters, 'sequence.gru.hiddenKernel') as Tensor2D
  const hiddenBias = parameter(parameters, 'sequence.gru.hiddenBias')
  return ops.gru(tf.reshape(projected, [steps, sequences, 3 * preset.hiddenSize]), hiddenKernel, hiddenBias)
}

/** What the gates get of the time to the landmark, where the layout tells it. @returns [step·sequence, 3·hidden], or nothing */
function timeInput(tf: Tf, parameters: ParameterTensors, { gapDays }: SequenceLayout): Tensor2D[] {
  if (gapDays === undefined) return []
  const code = tf.tensor2d(timeCode(gapDays), [gapDays.length, timeCodeSize])
  return [tf.matMul(code, parameter(parameters, 'sequence.time.kernel') as Tensor2D)]
}

/**
 * A matrix that picks rows of scans into rows of the input, as a product, because its gradient is one product too.
 * With `change`, each row takes away the scan of the step before; rows of the first step are zero.
 * @returns [step·sequence, scan]
 */
function selection(tf: Tf, { steps, sequences, scans }: SequenceLayout, scanCount: number, change: boolean): Tensor2D {
  const matrix = new Float32Array(steps * sequences * scanCount)
  for (let row = 0; row < steps * sequences; row++) {
    const scan = scans[row] ?? -1
    const before = row < sequences ? -1 : (scans[row - sequences] ?? -1)
    if (scan < 0 || (change && before < 0)) continue
    matrix[row * scanCount + scan] = 1
    if (change) matrix[row * scanCount + before] = (matrix[row * scanCount + before] ?? 0) - 1
  }
  return tf.tensor2d(matrix, [steps * sequences, scanCount])
}
