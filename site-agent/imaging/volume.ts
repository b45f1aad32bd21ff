// A scan in memory, and the matrix that says where its voxels lie in the head.

/** Three rows of four: from voxel indices (x, y, z) to RAS coordinates in mm (+x right, +y anterior, +z superior). */
export type Affine = readonly [AffineRow, AffineRow, AffineRow]
export type AffineRow = readonly [number, number, number, number]

/** Voxels in order [depth, height, width], width fastest. */
export interface Volume {
  readonly shape: readonly [depth: number, height: number, width: number]
  readonly voxels: Float32Array
  readonly affine: Affine
}

/**
 * The same, still in the file's own numbers and order: brought over a row at a time, since most of a scan is background
 * and is looked at once. Writing all of it out again takes longer than inflating it.
 */
export interface StoredVolume {
  readonly shape: Volume['shape']
  readonly affine: Affine
  /** Writes the voxels at (z, y) into `row`, [width]; tells whether any is not 0. */
  readRow(z: number, y: number, row: Float32Array): boolean
}

/** All rows in memory. */
export function toVolume({ shape, affine, readRow }: StoredVolume): Volume {
  const [depth, height, width] = shape
  const voxels = new Float32Array(depth * height * width)
  for (let at = 0; at < depth * height; at++) {
    readRow(Math.floor(at / height), at % height, voxels.subarray(at * width, (at + 1) * width))
  }
  return { shape, voxels, affine }
}

/** A volume in memory by rows. */
export function toStored({ shape, voxels, affine }: Volume): StoredVolume {
  const [, height, width] = shape
  const readRow = (z: number, y: number, row: Float32Array): boolean => {
    const at = (z * height + y) * width
    row.set(voxels.subarray(at, at + width))
    return row.some((value) => value !== 0)
  }
  return { shape, affine, readRow }
}

/** Length in mm of one step along x, y and z. */
export function spacingOf([a, b, c]: Affine): readonly [number, number, number] {
  return [Math.hypot(a[0], b[0], c[0]), Math.hypot(a[1], b[1], c[1]), Math.hypot(a[2], b[2], c[2])]
}

/** Determinant of the matrix without its translation: the signed volume of a voxel in mm³. */
export function determinantOf([a, b, c]: Affine): number {
  return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
}

/** The way back, from mm to voxel indices, by cofactors. The determinant must not be zero. */
export function invert(affine: Affine): Affine {
  const [a, b, c] = affine
  const scale = 1 / determinantOf(affine)
  const row = (p: number, q: number, r: number): AffineRow => [
    p * scale,
    q * scale,
    r * scale,
    -(p * a[3] + q * b[3] + r * c[3]) * scale,
  ]
  return [
    row(b[1] * c[2] - b[2] * c[1], a[2] * c[1] - a[1] * c[2], a[1] * b[2] - a[2] * b[1]),
    row(b[2] * c[0] - b[0] * c[2], a[0] * c[2] - a[2] * c[0], a[2] * b[0] - a[0] * b[2]),
    row(b[0] * c[1] - b[1] * c[0], a[1] * c[0] - a[0] * c[1], a[0] * b[1] - a[1] * b[0]),
  ]
}

/** The matrix that does `first`, then `then`. */
export function compose(then: Affine, first: Affine): Affine {
  const row = ([a, b, c, d]: AffineRow): AffineRow => [
    a * first[0][0] + b * first[1][0] + c * first[2][0],
    a * first[0][1] + b * first[1][1] + c * first[2][1],
    a * first[0][2] + b * first[1][2] + c * first[2][2],
    a * first[0][3] + b * first[1][3] + c * first[2][3] + d,
  ]
  return [row(then[0]), row(then[1]), row(then[2])]
}
