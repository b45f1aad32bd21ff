// How much of the brain became brighter or darker since the first scan, in cm³: a figure that needs no outline of the tumour.
// It is no tumour volume: scanner, dose, oedema and the cavity change brightness too, which the page says beside it.

import type { Voxels } from './slices.ts'

export interface ChangedVolume {
  readonly brighterCm3: number
  readonly darkerCm3: number
}

/** A change counts from so many deviations of the brain on; noise of a mean over 27 voxels stays well below. */
export const leastChange = 2

/**
 * Volume of the voxels whose mean change over the 3×3×3 voxels around them is at least `leastChange`.
 * @param change as `changeBetween` gives it @param spacingMm edge of a voxel
 */
export function changedVolume({ shape, voxels }: Voxels, spacingMm: number): ChangedVolume {
  const smooth = boxMean(voxels, shape)
  let [brighter, darker] = [0, 0]
  for (let i = 0; i < smooth.length; i++) {
    const value = smooth[i] as number
    if (value >= leastChange) brighter++
    else if (value <= -leastChange) darker++
  }
  const cm3 = spacingMm ** 3 / 1000
  return { brighterCm3: brighter * cm3, darkerCm3: darker * cm3 }
}

/** Mean of each voxel and its neighbours, along one axis after the other; beyond the edge there is 0. */
function boxMean(voxels: Float32Array, [depth, height, width]: Voxels['shape']): Float32Array {
  const along = (source: Float32Array, step: number, length: number): Float32Array => {
    const result = new Float32Array(source.length)
    for (let i = 0; i < source.length; i++) {
      const at = Math.floor(i / step) % length
      const before = at > 0 ? (source[i - step] as number) : 0
      const after = at < length - 1 ? (source[i + step] as number) : 0
      result[i] = (before + (source[i] as number) + after) / 3
    }
    return result
  }
  return along(along(along(voxels, 1, width), width, height), width * height, depth)
}
