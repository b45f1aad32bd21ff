// Rigid motions, mm to mm in RAS: how a registration's answer is written, composed and judged.

import { type Affine, type AffineRow, compose } from './volume.ts'

/** A rotation and a shift, as a matrix from RAS mm to RAS mm. */
export type Rigid = Affine

export const noMotion: Rigid = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
]

/** A point in mm: x, y, z. */
export type Point = readonly [number, number, number]

/**
 * The motion R (p − c) + c + t with R = Rz·Rx·Ry, as ITK's Euler3DTransform has it (ComputeZYX false).
 * @param parameters radians about x, y, z, then t in mm
 */
export function fromEuler(parameters: readonly number[], center: Point): Rigid {
  const [rx = 0, ry = 0, rz = 0, ...shift] = parameters
  return aboutCenter(compose(aboutZ(rz), compose(aboutX(rx), aboutY(ry))), center, shift)
}

/** The motion M (p − c) + c + t. @param parameters M row by row, then t in mm (ITK's AffineTransform) */
export function fromAffineParameters(parameters: readonly number[], center: Point): Affine {
  const at = (index: number): number => parameters[index] ?? 0
  const row = (axis: number): AffineRow => [at(3 * axis), at(3 * axis + 1), at(3 * axis + 2), 0]
  return aboutCenter([row(0), row(1), row(2)], center, parameters.slice(9))
}

function aboutCenter(linear: Affine, center: Point, shift: readonly number[]): Affine {
  const row = (axis: 0 | 1 | 2): AffineRow => {
    const [a, b, c] = linear[axis]
    const offset = center[axis] + (shift[axis] ?? 0) - (a * center[0] + b * center[1] + c * center[2])
    return [a, b, c, offset]
  }
  return [row(0), row(1), row(2)]
}

/** The same motion where x and y point the other way: from LPS, which ITK and DICOM speak, to RAS, and back. */
export function flipLpsRas([a, b, c]: Affine): Affine {
  return [
    [a[0], a[1], -a[2], -a[3]],
    [b[0], b[1], -b[2], -b[3]],
    [-c[0], -c[1], c[2], c[3]],
  ]
}

/** The way back: the transposed rotation. */
export function invertRigid([a, b, c]: Rigid): Rigid {
  const row = (axis: 0 | 1 | 2): AffineRow => {
    const [p, q, r] = [a[axis], b[axis], c[axis]]
    return [p, q, r, -(p * a[3] + q * b[3] + r * c[3])]
  }
  return [row(0), row(1), row(2)]
}

/** How far the motion turns, in degrees, about whatever axis: arccos((trace − 1) / 2). */
export function rotationDegrees([a, b, c]: Rigid): number {
  const cosine = Math.min(1, Math.max(-1, (a[0] + b[1] + c[2] - 1) / 2))
  return (Math.acos(cosine) * 180) / Math.PI
}

/** Where a point in mm goes. */
export function moved([a, b, c]: Affine, [x, y, z]: Point): Point {
  return [
    a[0] * x + a[1] * y + a[2] * z + a[3],
    b[0] * x + b[1] * y + b[2] * z + b[3],
    c[0] * x + c[1] * y + c[2] * z + c[3],
  ]
}

function aboutX(angle: number): Rigid {
  const [s, c] = [Math.sin(angle), Math.cos(angle)]
  return [
    [1, 0, 0, 0],
    [0, c, -s, 0],
    [0, s, c, 0],
  ]
}

function aboutY(angle: number): Rigid {
  const [s, c] = [Math.sin(angle), Math.cos(angle)]
  return [
    [c, 0, s, 0],
    [0, 1, 0, 0],
    [-s, 0, c, 0],
  ]
}

function aboutZ(angle: number): Rigid {
  const [s, c] = [Math.sin(angle), Math.cos(angle)]
  return [
    [c, -s, 0, 0],
    [s, c, 0, 0],
    [0, 0, 1, 0],
  ]
}
