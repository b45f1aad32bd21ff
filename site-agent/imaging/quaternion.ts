// The second way in which a NIfTI header states its orientation: spacing, a rotation as a unit quaternion, an offset.

import type { Affine } from './volume.ts'

/**
 * The matrix of a qform (nifti1.h, "METHOD 2"). NaN where the fields are no rotation.
 * @param pixelSizes handedness (−1 or anything else for +1), then the spacing in mm along x, y, z
 * @param fields b, c, d of the quaternion, then the offset x, y, z in mm
 */
export function qformAffine(pixelSizes: readonly number[], fields: readonly number[]): Affine {
  const [handedness = 1, sx = NaN, sy = NaN, sz = NaN] = pixelSizes
  let [b = NaN, c = NaN, d = NaN, x = NaN, y = NaN, z = NaN] = fields
  const squares = b * b + c * c + d * d
  // float32 rounding may carry a half turn slightly past 1; the standard then takes a = 0 and scales the rest.
  let a = Math.sqrt(1 - squares)
  if (squares > 1 && squares < 1 + 1e-4) {
    const scale = 1 / Math.sqrt(squares)
    b *= scale
    c *= scale
    d *= scale
    a = 0
  }
  const [i, j] = [Math.abs(sx), Math.abs(sy)]
  const k = handedness < 0 ? -Math.abs(sz) : Math.abs(sz)
  return [
    [(a * a + b * b - c * c - d * d) * i, 2 * (b * c - a * d) * j, 2 * (b * d + a * c) * k, x],
    [2 * (b * c + a * d) * i, (a * a + c * c - b * b - d * d) * j, 2 * (c * d - a * b) * k, y],
    [2 * (b * d - a * c) * i, 2 * (c * d + a * b) * j, (a * a + d * d - b * b - c * c) * k, z],
  ]
}
