// Every scanner stores its axes in an order of its own. Voxels are laid out here once, on reading, with x nearest to
// right, y nearest to anterior and z nearest to superior, so that the same picture is the same numbers from then on.

import type { Affine, AffineRow, Volume } from './volume.ts'

/** How to walk through stored voxels in RAS order: first index, then the step for each of z, y, x. */
export interface RasWalk {
  readonly shape: Volume['shape']
  readonly start: number
  readonly steps: readonly [z: number, y: number, x: number]
  /** The matrix of the walked volume. */
  readonly affine: Affine
}

/**
 * The walk that only exchanges and turns axes: each stored axis goes to the anatomical axis it is most parallel to.
 * @param shape stored [depth, height, width], the last fastest
 */
export function walkInRas(shape: Volume['shape'], affine: Affine): RasWalk {
  const [depth, height, width] = shape
  const stored = [
    { length: width, step: 1 },
    { length: height, step: width },
    { length: depth, step: width * height },
  ] as const
  const columns = bestColumns(affine)
  const axes = columns.map((column, row) => {
    const { length, step } = stored[column] ?? stored[0]
    const turned = (affine[row]?.[column] ?? 0) < 0
    return { column, length, step: turned ? -step : step, sign: turned ? -1 : 1, first: turned ? length - 1 : 0 }
  })
  const [x, y, z] = axes
  if (x === undefined || y === undefined || z === undefined) throw new RangeError('a volume has three axes')
  const line = (row: AffineRow): AffineRow => {
    const at = (axis: typeof x) => row[axis.column] ?? 0
    return [
      at(x) * x.sign,
      at(y) * y.sign,
      at(z) * z.sign,
      row[3] + at(x) * x.first + at(y) * y.first + at(z) * z.first,
    ]
  }
  return {
    shape: [z.length, y.length, x.length],
    start: axes.reduce((sum, axis) => sum + axis.first * Math.abs(axis.step), 0),
    steps: [z.step, y.step, x.step],
    affine: [line(affine[0]), line(affine[1]), line(affine[2])],
  }
}

const permutations = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const

/** For x, y, z in turn the stored axis that serves it: the assignment with the largest sum of cosines. */
function bestColumns(affine: Affine): readonly [number, number, number] {
  const lengths = [0, 1, 2].map((column) => Math.hypot(...affine.map((row) => row[column] ?? 0)))
  const fit = (columns: readonly number[]) =>
    columns.reduce((sum, column, row) => sum + Math.abs(affine[row]?.[column] ?? 0) / (lengths[column] ?? 1), 0)
  return permutations.reduce((best, next) => (fit(next) > fit(best) ? next : best))
}
