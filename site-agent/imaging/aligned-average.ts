// The mean over each voxel of the grid where the scan's axes run along the grid's, as they do in template space: exact,
// and in one pass over the scan, because the weights of the three axes multiply.

import type { Resampled } from './resample.ts'
import type { Affine, StoredVolume } from './volume.ts'

/** How much of each voxel of the scan each voxel of the grid takes, along one axis. */
interface AxisWeights {
  /** Weight of voxel i of the scan in voxel c of the grid, at c × length + i. */
  readonly weights: Float64Array
  readonly length: number
  /** For each voxel of the grid the first voxel of the scan with a weight, and the one after the last. */
  readonly firsts: Int32Array
  readonly ends: Int32Array
  /** The same over the whole grid. */
  readonly first: number
  readonly end: number
}

/**
 * Integrates the trilinear picture over each voxel of the grid.
 * @param gridShape [depth, height, width]
 * @param toScan from indices (x, y, z) of the grid to those of the scan; only its diagonal and offsets are looked at
 */
export function averageAligned(
  { shape, readRow }: StoredVolume,
  gridShape: readonly [number, number, number],
  toScan: Affine,
): Resampled {
  const [depth, height, width] = gridShape
  const alongX = weightsAlong(width, shape[2], toScan[0][0], toScan[0][3])
  const alongY = weightsAlong(height, shape[1], toScan[1][1], toScan[1][3])
  const alongZ = weightsAlong(depth, shape[0], toScan[2][2], toScan[2][3])
  // Values and coverage lie side by side: [depth, height, width, 2].
  const totals = new Float64Array(depth * height * width * 2)
  const plane = new Float64Array(height * width * 2)
  const means = new Float64Array(width * 2)
  const row = new Float32Array(shape[2])
  for (let z = alongZ.first; z < alongZ.end; z++) {
    plane.fill(0)
    for (let y = alongY.first; y < alongY.end; y++) {
      if (!readRow(z, y, row)) continue
      averageRow(row, alongX, means)
      spread(means, plane, alongY, y)
    }
    spread(plane, totals, alongZ, z)
  }
  const coverage = Float32Array.from({ length: depth * height * width }, (_, i) => totals[2 * i + 1] as number)
  const voxels = coverage.map((share, i) => (share > 0 ? (totals[2 * i] as number) / (totals[2 * i + 1] as number) : 0))
  return { voxels, coverage }
}

/** Means along x of a row of the scan, [width, 2]. */
function averageRow(row: Float32Array, along: AxisWeights, means: Float64Array): void {
  const { weights, length, firsts, ends } = along
  for (let cell = 0; cell < firsts.length; cell++) {
    const weightsAt = cell * length
    const end = ends[cell] as number
    let sum = 0
    let covered = 0
    for (let x = firsts[cell] as number; x < end; x++) {
      const value = row[x] as number
      if (value === 0) continue
      const weight = weights[weightsAt + x] as number
      sum += weight * value
      covered += weight
    }
    means[2 * cell] = sum
    means[2 * cell + 1] = covered
  }
}

/** Adds `source`, which lies at index `from` of the scan's axis, to each slab of `target` that takes part of it. */
function spread(source: Float64Array, target: Float64Array, along: AxisWeights, from: number): void {
  for (let cell = 0; cell < along.firsts.length; cell++) {
    const weight = along.weights[cell * along.length + from] as number
    if (weight === 0) continue
    const at = cell * source.length
    for (let i = 0; i < source.length; i++) target[at + i] = (target[at + i] as number) + weight * (source[i] as number)
  }
}

/** @param step voxels of the scan for each of the grid; `offset` is where the centre of the grid's first one lies. */
function weightsAlong(cells: number, length: number, step: number, offset: number): AxisWeights {
  const weights = new Float64Array(cells * length)
  const [firsts, ends] = [new Int32Array(cells), new Int32Array(cells)]
  for (let cell = 0; cell < cells; cell++) {
    const [from, to] = [offset + step * (cell - 0.5), offset + step * (cell + 0.5)]
    const first = Math.min(length, Math.max(0, Math.floor(from)))
    const end = Math.max(first, Math.min(length, Math.ceil(to) + 1))
    for (let i = first; i < end; i++) {
      weights[cell * length + i] = (shareBelow(i, to, length) - shareBelow(i, from, length)) / step
    }
    firsts[cell] = first
    ends[cell] = end
  }
  // Voxels of the grid follow one another along the scan.
  return { weights, length, firsts, ends, first: firsts[0] ?? 0, end: ends.at(-1) ?? 0 }
}

/**
 * Integral up to `place` of voxel i's weight in linear interpolation: a triangle from its neighbour before to the one
 * after, and a flat half voxel on the outer side of the first and the last.
 */
function shareBelow(i: number, place: number, length: number): number {
  const distance = place - i
  const before = Math.min(0, Math.max(-1, distance))
  const after = Math.max(0, Math.min(1, distance))
  const rising = i === 0 ? Math.max(0, before + 0.5) : (1 + before) ** 2 / 2
  const falling = i === length - 1 ? Math.min(0.5, after) : after - after ** 2 / 2
  return rising + falling
}
