// Which scan stands where in a batch of sequences, and how their embeddings get there: as a product with a matrix of noughts
// and ones, because its gradient is one product too.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor2D } from '@tensorflow/tfjs-core'

/**
 * Row `step·sequences + sequence` of the input is scan `scans[row]`, or nothing where that is −1 (after a sequence's end).
 */
export interface SequenceLayout {
  readonly steps: number
  readonly sequences: number
  readonly scans: Int32Array
  /** Days from each row's scan to the landmark, for networks that are told of time; NaN after a sequence's end. */
  readonly gapDays?: Float64Array
}

/**
 * What stands in a row: its scan; the scan less the one before, or less the mean of all before it (nought at the first step); or
 * the mean of all up to it.
 */
export type Choice = 'scan' | 'change' | 'departure' | 'mean'

/** @param embeddings [scan, embedding] @returns [step·sequence, embedding]; nought after a sequence's end */
export function chosen(tf: typeof TensorFlow, layout: SequenceLayout, embeddings: Tensor2D, choice: Choice): Tensor2D {
  const { steps, sequences, scans } = layout
  const scanCount = embeddings.shape[0]
  const matrix = new Float32Array(steps * sequences * scanCount)
  const add = (row: number, scan: number, share: number): void => {
    matrix[row * scanCount + scan] = (matrix[row * scanCount + scan] ?? 0) + share
  }
  for (let row = 0; row < steps * sequences; row++) {
    const scan = scans[row] ?? -1
    if (scan < 0) continue
    const earlier = Array.from(
      { length: Math.floor(row / sequences) },
      (_, step) => scans[step * sequences + (row % sequences)] ?? -1,
    )
    const before = earlier.at(-1)
    if (choice === 'scan') add(row, scan, 1)
    if (choice === 'change' && before !== undefined) {
      add(row, scan, 1)
      add(row, before, -1)
    }
    if (choice === 'departure' && earlier.length > 0) {
      add(row, scan, 1)
      for (const one of earlier) add(row, one, -1 / earlier.length)
    }
    if (choice === 'mean') for (const one of [...earlier, scan]) add(row, one, 1 / (earlier.length + 1))
  }
  return tf.matMul(tf.tensor2d(matrix, [steps * sequences, scanCount]), embeddings)
}
