// How alike two volumes are where they lie on one another: mutual information, which does not mind that they are of
// different sequences, and the overlap of what is not background.

import type { Rigid } from './rigid.ts'
import { type Affine, compose, invert, type Volume } from './volume.ts'

export interface Likeness {
  /**
   * Normalised mutual information (H(A) + H(B)) / H(A, B) (Studholme et al. 1999, Pattern Recognition 32:71), 1 for nothing
   * in common to 2 for the same, over the fixed volume's foreground.
   */
  readonly mutualInformation: number
  /** Dice overlap of what is not background, within what both fields of view hold. */
  readonly dice: number
  /** Share of the fixed volume's foreground that the moving volume's field of view holds. */
  readonly fieldOfView: number
}

/** Levels of brightness that are told apart. */
const bins = 32
/** Distance in mm at which places are looked at. */
const stepMm = 4

/** @param toMoving from mm in `fixed` to mm in `moving`; both volumes in RAS order, as `shrink` makes them */
export function likenessOf(fixed: Volume, moving: Volume, toMoving: Rigid): Likeness {
  const toIndices = compose(invert(moving.affine), compose(toMoving, fixed.affine))
  const [thresholdFixed, thresholdMoving] = [backgroundOf(fixed.voxels), backgroundOf(moving.voxels)]
  const [binFixed, binMoving] = [binOf(fixed.voxels), binOf(moving.voxels)]
  const joint = new Float64Array(bins * bins)
  let [both, inFixed, inMoving, seen] = [0, 0, 0, 0]
  const stride = stridesOf(fixed.affine)
  const [depth, height, width] = fixed.shape
  const sample = linearSampler(moving)
  for (let z = 0; z < depth; z += stride[2]) {
    for (let y = 0; y < height; y += stride[1]) {
      for (let x = 0; x < width; x += stride[0]) {
        const a = fixed.voxels[(z * height + y) * width + x] as number
        const isFixed = a > thresholdFixed
        const b = sample(
          toIndices[0][0] * x + toIndices[0][1] * y + toIndices[0][2] * z + toIndices[0][3],
          toIndices[1][0] * x + toIndices[1][1] * y + toIndices[1][2] * z + toIndices[1][3],
          toIndices[2][0] * x + toIndices[2][1] * y + toIndices[2][2] * z + toIndices[2][3],
        )
        if (isFixed) seen++
        if (b === undefined) continue
        const isMoving = b > thresholdMoving
        if (isFixed) inFixed++
        if (isMoving) inMoving++
        if (isFixed && isMoving) both++
        if (!isFixed) continue
        const at = binFixed(a) * bins + binMoving(b)
        joint[at] = (joint[at] as number) + 1
      }
    }
  }
  return {
    mutualInformation: normalisedInformation(joint),
    dice: inFixed + inMoving === 0 ? 0 : (2 * both) / (inFixed + inMoving),
    fieldOfView: seen === 0 ? 0 : inFixed / seen,
  }
}

/** (H(A) + H(B)) / H(A, B) of counts [A, B]; 1 when there are none. */
function normalisedInformation(joint: Float64Array): number {
  const [a, b] = [new Float64Array(bins), new Float64Array(bins)]
  for (let i = 0; i < bins; i++) {
    for (let j = 0; j < bins; j++) {
      const count = joint[i * bins + j] as number
      a[i] = (a[i] as number) + count
      b[j] = (b[j] as number) + count
    }
  }
  const together = entropyOf(joint)
  return together === 0 ? 1 : (entropyOf(a) + entropyOf(b)) / together
}

function entropyOf(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  let entropy = 0
  for (const count of counts) if (count > 0) entropy -= (count / total) * Math.log(count / total)
  return entropy
}

/**
 * Brightness up to which a voxel is background: 0 where the background was set to it, else Otsu's threshold (1979). Scans whose faces
 * were taken out, or that were straightened, have noughts around air that still has its noise; there it is a share of what is bright.
 */
export function backgroundOf(voxels: Float32Array): number {
  const filled = voxels.filter((value) => value !== 0)
  if (voxels.length - filled.length <= voxels.length / 5) return otsuThreshold(voxels)
  const bright = brightOf(filled)
  let dark = 0
  for (const value of filled) if (value < airBelow * bright) dark++
  return dark > airFrom * filled.length ? airUpTo * bright : 0
}

/** Most air is darker than this share of what is bright, and all is darker than the other. */
const [airBelow, airUpTo] = [0.05, 0.15]
/** Of thirteen real scans without background 0.4 to 15 % of what is not 0 is so dark, of five with air 45 to 61 %. */
const airFrom = 0.35
const levels = 1024

/** Brightness that a tenth of the voxels exceed. */
function brightOf(filled: Float32Array): number {
  let most = 0
  for (const value of filled) if (value > most) most = value
  const counts = new Uint32Array(levels)
  for (const value of filled) {
    const level = Math.max(0, Math.min(levels - 1, Math.floor((value / most) * levels)))
    counts[level] = (counts[level] as number) + 1
  }
  let [bright, seen] = [levels, 0]
  while (bright > 0 && seen < filled.length / 10) seen += counts[--bright] as number
  return (most * bright) / levels
}

function otsuThreshold(voxels: Float32Array): number {
  let [least, most] = [Infinity, -Infinity]
  for (const value of voxels) {
    if (value < least) least = value
    if (value > most) most = value
  }
  if (!(most > least)) return least
  const counts = new Float64Array(256)
  for (const value of voxels) {
    const bin = Math.min(255, Math.floor(((value - least) / (most - least)) * 256))
    counts[bin] = (counts[bin] as number) + 1
  }
  const total = counts.reduce((sum, count, bin) => sum + count * bin, 0)
  let [below, sumBelow, best, threshold] = [0, 0, -1, 0]
  for (let bin = 0; bin < 255; bin++) {
    below += counts[bin] as number
    sumBelow += (counts[bin] as number) * bin
    const above = voxels.length - below
    if (below === 0 || above === 0) continue
    const between = below * above * (sumBelow / below - (total - sumBelow) / above) ** 2
    if (between > best) [best, threshold] = [between, bin + 1]
  }
  return least + ((most - least) * threshold) / 256
}

function binOf(voxels: Float32Array): (value: number) => number {
  let [least, most] = [Infinity, -Infinity]
  for (const value of voxels) {
    if (value < least) least = value
    if (value > most) most = value
  }
  const scale = most > least ? bins / (most - least) : 0
  return (value) => Math.max(0, Math.min(bins - 1, Math.floor((value - least) * scale)))
}

/** Voxels between looks along x, y, z. */
function stridesOf(affine: Affine): readonly [number, number, number] {
  const along = (axis: 0 | 1 | 2): number =>
    Math.max(1, Math.round(stepMm / Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis])))
  return [along(0), along(1), along(2)]
}

/** Trilinear values at indices (x, y, z); undefined outside the outermost voxels. */
function linearSampler({ shape, voxels }: Volume): (x: number, y: number, z: number) => number | undefined {
  const [depth, height, width] = shape
  const plane = width * height
  return (x, y, z) => {
    if (!(x >= 0 && y >= 0 && z >= 0 && x <= width - 1 && y <= height - 1 && z <= depth - 1)) return undefined
    const [ix, iy, iz] = [Math.min(width - 2, x | 0), Math.min(height - 2, y | 0), Math.min(depth - 2, z | 0)]
    const [fx, fy, fz] = [x - ix, y - iy, z - iz]
    const at = iz * plane + iy * width + ix
    const line = (from: number): number => (voxels[from] as number) * (1 - fx) + (voxels[from + 1] as number) * fx
    const slice = (from: number): number => line(from) * (1 - fy) + line(from + width) * fy
    return slice(at) * (1 - fz) + slice(at + plane) * fz
  }
}
