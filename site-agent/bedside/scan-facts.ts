// What a prepared scan shows of how well it fits: overlap with the template's brain, and slices in which brain should be
// and nothing is, as when the top of the head was cut off or slices of the series are missing.

import { diceOf } from '../imaging/quality.ts'
import { type Axis, axes } from './slices.ts'

/**
 * At its ends a brain is expected in slices where the template has this share of its largest one; heads differ there, and a
 * young child's is shorter. Between its ends it is expected everywhere.
 */
const leastShare = 0.5

/** @param voxels prepared, 0 in the background, and `templateMask`, 1 in the brain: on one grid of `shape` */
export function overlapFacts(
  voxels: Float32Array,
  templateMask: Uint8Array,
  shape: readonly [number, number, number],
): { readonly dice: number; readonly emptySlices: number } {
  const mask = Uint8Array.from(voxels, (value) => (value === 0 ? 0 : 1))
  const empty = axes.map((axis) => {
    const expected = areas(templateMask, shape, axis)
    const found = areas(mask, shape, axis)
    const least = leastShare * Math.max(...expected)
    const [first, last] = [found.findIndex((area) => area > 0), found.findLastIndex((area) => area > 0)]
    const isExpected = (area: number, slice: number): boolean => area >= least || (slice > first && slice < last)
    return expected.filter((area, slice) => found[slice] === 0 && isExpected(area, slice)).length
  })
  return { dice: diceOf(mask, templateMask), emptySlices: Math.max(...empty) }
}

/** Voxels of a mask in each slice along an axis. */
function areas(mask: Uint8Array, [depth, height, width]: readonly [number, number, number], axis: Axis): number[] {
  const sizes = { axial: depth, coronal: height, sagittal: width }
  const counts = new Array<number>(sizes[axis]).fill(0)
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 1) continue
    const at = { axial: Math.floor(i / (height * width)), coronal: Math.floor(i / width) % height, sagittal: i % width }
    counts[at[axis]] = (counts[at[axis]] ?? 0) + 1
  }
  return counts
}
