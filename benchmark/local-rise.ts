// The strongest control that learns nothing from images: where a scan, a little smoothed, lies most above and most below the
// mean of the scans before it. It needs registered scans and nothing else.

import type { Grid } from '../shared/model/presets.ts'
import { readVolume } from './features.ts'
import { meanOf } from './summary.ts'

/**
 * Logarithms of the largest rise and of the largest fall of the last scan against the mean of those before it, in standard
 * deviations of each scan. Nought where there is one scan.
 * @param files prepared volumes in order of time
 */
export function localRise(grid: Grid, files: readonly string[]): number[] {
  const scans = files.map(readVolume)
  const inside = commonBrain(scans, grid)
  const last = scans.at(-1)
  if (scans.length < 2 || last === undefined || inside.length === 0) return [0, 0]
  const smoothed = scans.map((scan) => smoothedAt(standardised(scan, inside), grid, inside))
  const now = smoothed.at(-1) ?? []
  const earlier = smoothed.slice(0, -1)
  const changes = now.map((value, i) => value - meanOf(earlier.map((scan) => scan[i] ?? 0)))
  return [Math.max(...changes), -Math.min(...changes)].map((extreme) => Math.log(0.05 + Math.max(0, extreme)))
}

/** Voxels that are brain in every scan, and whose 26 neighbours are: at the edge the smallest shift would look like a rise. */
function commonBrain(scans: readonly Float32Array[], [depth, height, width]: Grid): number[] {
  const isBrain = (z: number, y: number, x: number): boolean =>
    scans.every((scan) => scan[(z * height + y) * width + x] !== 0)
  const inner: number[] = []
  for (let z = 1; z < depth - 1; z++) {
    for (let y = 1; y < height - 1; y++) {
      for (let x = 1; x < width - 1; x++) {
        if (neighbours.every(([dz, dy, dx]) => isBrain(z + dz, y + dy, x + dx)))
          inner.push((z * height + y) * width + x)
      }
    }
  }
  return inner
}

const steps = [-1, 0, 1] as const
const neighbours = steps.flatMap((dz) => steps.flatMap((dy) => steps.map((dx) => [dz, dy, dx] as const)))

/** Mean 0 and standard deviation 1 over the voxels. */
function standardised(scan: Float32Array, voxels: readonly number[]): Float32Array {
  const values = voxels.map((voxel) => scan[voxel] ?? 0)
  const mean = meanOf(values)
  const deviation = Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2))) || 1
  return scan.map((value) => (value - mean) / deviation)
}

/** Mean over each voxel and its 26 neighbours. */
function smoothedAt(scan: Float32Array, [, height, width]: Grid, voxels: readonly number[]): number[] {
  const offsets = neighbours.map(([dz, dy, dx]) => (dz * height + dy) * width + dx)
  return voxels.map((voxel) => offsets.reduce((sum, offset) => sum + (scan[voxel + offset] ?? 0), 0) / offsets.length)
}
