// The auxiliary loss of stage 1: the brightest voxel of each block of an image, predicted from the embedding, so that the
// encoder keeps seeing small lesions (experiments: safe transfer).

import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import type { ImagePreset } from '../../shared/model/presets.ts'
import type { Batch } from './batches.ts'
import type { Tf } from './engine.ts'

/**
 * Smooth L1 between predicted and true maxima (Girshick 2015, threshold 1), mean over scans, blocks and the sequences that
 * are there.
 * @param predicted [scan, block·sequence]
 */
export function maximaLoss(tf: Tf, preset: ImagePreset, predicted: Tensor2D, batch: Batch): Scalar {
  const { sequences } = batch.shape
  const truth = tf.tensor2d(blockMaxima(batch, preset), [batch.scanCount, predicted.shape[1]])
  const error = tf.abs(tf.sub(predicted, truth))
  const within = tf.minimum(error, 1)
  const terms = tf.mul(within, tf.sub(error, tf.div(within, 2)))
  if (sequences === 1) return tf.mean(terms)
  const present = tf.tensor3d(batch.present, [batch.scanCount, 1, sequences])
  const kept = tf.mul(tf.reshape(terms, [batch.scanCount, -1, sequences]), present) // [scan, block, sequence]
  const count = batch.present.reduce((sum, flag) => sum + flag, 0)
  return tf.div(tf.sum(kept), Math.max(1, count * (predicted.shape[1] / sequences)))
}

/** Largest voxel of each block, scan by scan, blocks in order of depth, height, width, sequences innermost. */
export function blockMaxima(
  { values, scanCount, shape: { sequences } }: Pick<Batch, 'values' | 'scanCount' | 'shape'>,
  { grid, maximaBlock: edge }: Pick<ImagePreset, 'grid' | 'maximaBlock'>,
): Float32Array {
  const [depth, height, width] = grid
  const [high, wide] = [Math.floor(height / edge), Math.floor(width / edge)]
  const blocks = Math.floor(depth / edge) * high * wide
  const maxima = new Float32Array(scanCount * blocks * sequences).fill(Number.NEGATIVE_INFINITY)
  for (let scan = 0; scan < scanCount; scan++) {
    for (let z = 0; z < Math.floor(depth / edge) * edge; z++) {
      for (let y = 0; y < high * edge; y++) {
        const row = ((scan * depth + z) * height + y) * width * sequences
        const block = scan * blocks + (Math.floor(z / edge) * high + Math.floor(y / edge)) * wide
        for (let column = 0; column < wide; column++) {
          const start = row + column * edge * sequences
          for (let sequence = 0; sequence < sequences; sequence++) {
            const place = (block + column) * sequences + sequence
            let largest = maxima[place] as number
            for (let i = start + sequence; i < start + edge * sequences; i += sequences) {
              largest = Math.max(largest, values[i] as number)
            }
            maxima[place] = largest
          }
        }
      }
    }
  }
  return maxima
}
