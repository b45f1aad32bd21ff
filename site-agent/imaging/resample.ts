// The one interpolation of a scan's life: from the voxels as they were stored straight to the study's grid. A voxel of
// the grid is the mean of the trilinear picture over all of it: a sample at its centre would miss a lesion that lies
// between two centres, and would keep the noise that a mean removes. Background is the absence of a value and takes no part
// (normalised convolution, Knutsson and Westin 1993), so a voxel at the brain's edge is as bright as the tissue in it.

import { averageAligned } from './aligned-average.ts'
import { averageSampled } from './sampled-average.ts'
import type { StudyGrid } from './study-grid.ts'
import { type Affine, compose, invert, type StoredVolume, toVolume } from './volume.ts'

export interface Resampled {
  /** Mean in each voxel of the grid of what is not 0 in the scan, [depth, height, width]; 0 where there is nothing. */
  readonly voxels: Float32Array
  /** Share of each voxel, 0 to 1, in which the scan is not zero. */
  readonly coverage: Float32Array
}

/** Axes that drift apart by less than this over the whole grid, in voxels of the scan, are taken to be parallel. */
const leastDrift = 0.01

/**
 * Brings a scan to a grid. Beyond its outermost voxels by half a voxel the picture goes on as it ends; past that it is 0.
 * @param scan axes in RAS order
 * @param motion from mm of the grid to mm of the scan; absent where both are in one space
 */
export function resample(scan: StoredVolume, grid: StudyGrid, motion?: Affine): Resampled {
  const placed = motion === undefined ? grid.affine : compose(motion, grid.affine)
  const toScan = compose(invert(scan.affine), placed)
  return isAligned(toScan, grid.shape)
    ? averageAligned(scan, grid.shape, toScan)
    : averageSampled(toVolume(scan), grid.shape, toScan)
}

function isAligned(toScan: Affine, [depth, height, width]: StudyGrid['shape']): boolean {
  const lengths = [width, height, depth]
  return toScan.every((row, to) =>
    lengths.every((length, from) =>
      from === to ? (row[to] ?? 0) > 0 : Math.abs(row[from] ?? 0) * length < leastDrift,
    ),
  )
}
