// The grid on which people look at scans: the study's field of view at a spacing that shows what a clinician looks for. The
// scans come through the same recipe as for the model, each interpolated once, so what is seen is what was compared.

import type { ImageStudy } from '../../shared/study/study.ts'

/** Of a clinic's monitor more than of the scans: slices of 112 by 150 voxels, 7.5 MB a scan in memory. */
export const displaySpacingMm = 1.5

/** At least the study's field of view, [depth, height, width]. */
export function displayGrid({ grid, spacingMm }: ImageStudy['model']): readonly [number, number, number] {
  const lengths = grid.map((length) => Math.ceil((length * spacingMm) / displaySpacingMm))
  const [depth = 0, height = 0, width = 0] = lengths
  return [depth, height, width]
}
