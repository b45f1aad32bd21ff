// What a scan must be to take part, in numbers, each with its reason.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { StoredVolume } from './volume.ts'

/**
 * Least overlap (Dice, 1945) of a scan's brain with the template's. Children warped out of the template keep 0.89 and
 * more; the template moved by 15 mm, its chin raised by 40 degrees, turned by half about its left-right axis, or with the
 * skull on, falls below, as a test shows. It is a check of place more than of direction: a head nodding by 35 or turned
 * by 45 degrees still passes, exchanged left for right a brain overlaps as well as before, and back to front by 0.86.
 */
export const leastDice = 0.85

/** A scan with fewer different values is a label map or a mask. Real scans have hundreds. */
const fewestGreyLevels = 20

/** A scan with less than this that is not 0 holds no head; a child's brain alone in a wide field of view fills 7 %. */
const leastFilled = 0.05
/** So many rows, spread over the scan, are looked at: enough for a share of a few percent and for grey levels. */
const sampleRows = 512

/** A voxel of the grid belongs to the brain when the scan is not zero in at least this share of it. */
export const leastCoverage = 0.5

/** Overlap of two masks of one length: 2 |a ∩ b| / (|a| + |b|); 0 when both are empty. */
export function diceOf(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    const [inA, inB] = [a[i] as number, b[i] as number]
    both += inA & inB
    either += inA + inB
  }
  return either === 0 ? 0 : (2 * both) / either
}

/**
 * Looks at a sample of the scan's rows.
 * @throws SequelaError `scan_unsuitable` unless more than `leastFilled` of the voxels are not 0, and those have more than
 * `fewestGreyLevels` different values.
 */
export function checkContent({ shape, readRow }: StoredVolume): void {
  const [depth, height, width] = shape
  const row = new Float32Array(width)
  // An odd stride does not keep to the same rows of slices of even height.
  const stride = Math.floor((depth * height) / sampleRows) | 1
  const levels = new Set<number>()
  let [filled, seen] = [0, 0]
  for (let at = 0; at < depth * height; at += stride, seen += width) {
    if (!readRow(Math.floor(at / height), at % height, row)) continue
    for (let x = 0; x < width; x++) {
      const value = row[x] as number
      if (value === 0) continue
      filled++
      if (levels.size <= fewestGreyLevels) levels.add(value)
    }
  }
  if (filled <= leastFilled * seen) {
    const share = ((100 * filled) / seen).toFixed(1)
    throw unsuitable(
      `${share} % of its voxels are not 0, and a head fills more than ${100 * leastFilled} %; it is empty, a mask or a map`,
    )
  }
  if (levels.size <= fewestGreyLevels) {
    throw unsuitable(`it has only ${levels.size} different values; it is a label map or a mask`)
  }
}

function unsuitable(reason: string): SequelaError {
  return new SequelaError('scan_unsuitable', `The scan cannot be used: ${reason}.`)
}
