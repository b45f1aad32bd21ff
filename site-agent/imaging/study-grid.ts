// The grid on which a study's model sees every scan: its own size and spacing, laid around the template's head.

import type { Affine } from './volume.ts'

/** Middle of the MNI ICBM152 brain's bounding box in RAS mm (x, y, z); a test measures it on the template map. */
export const mni152CenterMm = [0, -17, 5] as const

export interface StudyGrid {
  /** Voxels [depth, height, width]. */
  readonly shape: readonly [number, number, number]
  readonly affine: Affine
}

/** A grid with axes along RAS whose middle is the middle of the template's head. */
export function createStudyGrid(shape: readonly [number, number, number], spacingMm: number): StudyGrid {
  const [depth, height, width] = shape
  const [x, y, z] = mni152CenterMm
  const first = (center: number, length: number) => center - (spacingMm * (length - 1)) / 2
  return {
    shape,
    affine: [
      [spacingMm, 0, 0, first(x, width)],
      [0, spacingMm, 0, first(y, height)],
      [0, 0, spacingMm, first(z, depth)],
    ],
  }
}
