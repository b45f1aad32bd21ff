// A scan made small for registration: block means near a wanted voxel size, with the brightest few voxels cut down so that
// they do not take the histogram to themselves. Shrinking is faster and no less accurate (imaging figures: docs/figures.md).

import { type Affine, type AffineRow, type StoredVolume, spacingOf, type Volume } from './volume.ts'

/** Share of voxels that are not 0 above which brightness is cut: vessels and fat, a few per cent at most. */
const brightest = 0.995
/** Brightness levels that are told apart when that place is looked for. */
const levels = 4096

/**
 * Means over blocks of whole voxels.
 * @param scan axes in RAS order
 * @param spacingMm the voxel size that is wanted; axes that are already coarser stay as they are
 */
export function shrink(scan: StoredVolume, spacingMm: number): Volume {
  const factors = spacingOf(scan.affine).map((mm) => Math.max(1, Math.round(spacingMm / mm)))
  const [fx = 1, fy = 1, fz = 1] = factors
  const [depth, height, width] = [
    Math.max(1, Math.floor(scan.shape[0] / fz)),
    Math.max(1, Math.floor(scan.shape[1] / fy)),
    Math.max(1, Math.floor(scan.shape[2] / fx)),
  ]
  const voxels = new Float32Array(depth * height * width)
  const row = new Float32Array(scan.shape[2])
  const weight = 1 / (fx * fy * fz)
  for (let z = 0; z < depth * fz; z++) {
    for (let y = 0; y < height * fy; y++) {
      if (!scan.readRow(z, y, row)) continue
      const start = (Math.floor(z / fz) * height + Math.floor(y / fy)) * width
      for (let x = 0, from = 0; x < width; x++) {
        let sum = 0
        for (let i = 0; i < fx; i++, from++) sum += row[from] as number
        voxels[start + x] = (voxels[start + x] as number) + sum * weight
      }
    }
  }
  return {
    shape: [depth, height, width],
    voxels: cutBrightest(voxels),
    affine: shrunkAffine(scan.affine, [fx, fy, fz]),
  }
}

/** The first block's centre lies half a block less half a voxel further in. */
function shrunkAffine(affine: Affine, [fx, fy, fz]: readonly [number, number, number]): Affine {
  const row = ([a, b, c, d]: AffineRow): AffineRow => [
    a * fx,
    b * fy,
    c * fz,
    d + (a * (fx - 1) + b * (fy - 1) + c * (fz - 1)) / 2,
  ]
  return [row(affine[0]), row(affine[1]), row(affine[2])]
}

/** Limits voxels, in place, to the brightness that `brightest` of those above 0 do not exceed. */
function cutBrightest(voxels: Float32Array): Float32Array {
  let most = 0
  for (const value of voxels) if (value > most) most = value
  if (most === 0) return voxels
  const counts = new Uint32Array(levels)
  let total = 0
  for (const value of voxels) {
    if (value <= 0) continue
    const level = Math.min(levels - 1, Math.floor((value / most) * levels))
    counts[level] = (counts[level] as number) + 1
    total++
  }
  let level = 0
  for (let seen = 0; level < levels; level++) {
    seen += counts[level] as number
    if (seen >= brightest * total) break
  }
  const limit = (most * (level + 1)) / levels
  for (let i = 0; i < voxels.length; i++) if ((voxels[i] as number) > limit) voxels[i] = limit
  return voxels
}
