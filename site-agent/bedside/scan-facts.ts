// What a prepared scan shows of how well it fits: overlap with the template's brain, and slices in which brain should be
// and nothing is, as when the top of the head was cut off or slices of the series are missing.

import { diceOf } from '../imaging/quality.ts'
import { type Axis, axes } from './slices.ts'

/** Slices with less of the brain than this share of the largest one are left out: heads differ most at their ends. */
const leastShare = 0.25

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
    return expected.filter((area, slice) => area >= least && found[slice] === 0).length
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
