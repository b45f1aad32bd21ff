// MR brightness has no unit: each scan is brought to zero mean and unit deviation within its own brain.

import { SequelaError } from '../../shared/protocol/errors.ts'

/** Percentiles between which mean and deviation are taken, so that vessels and lesions do not set the scale. */
const statisticsBetween = [0.01, 0.98] as const
/**
 * For spikes: clipping the picture at its own percentiles would erase small bright lesions, and how bright larger ones are
 * must stay to be seen. Of synthetic scans seven voxels each lie above 6, one above 10 (decision 9).
 */
const limits = [-4, 10] as const
/** Stands for a brain voxel that would come out as exactly 0, which means background from here on. */
const notBackground = 1e-6

/**
 * The scan with z-scores limited to −4…10 in the brain and exactly 0 outside; no brain voxel is exactly 0.
 * @param voxels on the study's grid, [depth, height, width]
 * @param mask 1 in the brain, same order
 * @throws SequelaError `scan_unsuitable` when the brain has only one brightness.
 */
export function normalise(voxels: Float32Array, mask: Uint8Array): Float32Array {
  const { mean, deviation } = statisticsOf(voxels.filter((_, i) => mask[i] === 1))
  if (!(deviation > 0)) {
    throw new SequelaError('scan_unsuitable', 'The scan cannot be used: its brain has only one brightness.')
  }
  const [least, most] = limits
  const result = new Float32Array(voxels.length)
  for (let i = 0; i < voxels.length; i++) {
    if (mask[i] !== 1) continue
    const score = Math.fround(Math.min(most, Math.max(least, ((voxels[i] as number) - mean) / deviation)))
    result[i] = score === 0 ? notBackground : score
  }
  return result
}

function statisticsOf(values: Float32Array): { mean: number; deviation: number } {
  const sorted = values.toSorted()
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const [low, high] = [at(statisticsBetween[0]), at(statisticsBetween[1])]
  let [sum, squares] = [0, 0]
  for (const value of sorted) sum += Math.min(high, Math.max(low, value))
  const mean = sum / sorted.length
  for (const value of sorted) squares += (Math.min(high, Math.max(low, value)) - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / sorted.length) }
}
