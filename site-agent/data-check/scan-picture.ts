// Three slices of a scan as it came to lie in template space, through the middle of its brain, with two outlines: the brain as
// it was found in the scan, and the template's. What a data manager needs to see whether registration and mask are right.

import { encode } from 'fast-png'
import { type Axis, axes, sliceOf } from '../bedside/slices.ts'
import type { DisplayVolume } from '../imaging/display.ts'

/** PNG files by axis. */
export type ScanPictures = Readonly<Record<Axis, Uint8Array>>

/** Orange and blue of Okabe and Ito's palette, told apart by colour-blind readers too. */
export const outlineColours = { scan: [230, 159, 0], template: [86, 180, 233] } as const

/** @param templateMask 1 in the template's brain, on the grid of the volume */
export function picturesOf({ grid, brightness, mask }: DisplayVolume, templateMask: Uint8Array): ScanPictures {
  const { shape } = grid
  const middle = middleOf(templateMask, shape)
  const picture = (axis: Axis): Uint8Array => {
    const slice = (values: Uint8Array) =>
      sliceOf(
        { shape, voxels: Float32Array.from(values) },
        axis,
        { axial: middle[0], coronal: middle[1], sagittal: middle[2] }[axis],
      )
    const [grey, brain, template] = [slice(brightness), slice(mask), slice(templateMask)]
    const data = new Uint8Array(3 * grey.values.length)
    grey.values.forEach((value, i) => {
      const colour = isEdge(brain, i)
        ? outlineColours.scan
        : isEdge(template, i)
          ? outlineColours.template
          : [value, value, value]
      data.set(colour, 3 * i)
    })
    return encode({ width: grey.width, height: grey.height, data, channels: 3, depth: 8 })
  }
  const [axial, coronal, sagittal] = axes.map(picture)
  if (axial === undefined || coronal === undefined || sagittal === undefined) throw new Error('there are three axes')
  return { axial, coronal, sagittal }
}

/** The middle of the brain along each axis; that of the grid where there is none. */
function middleOf(
  mask: Uint8Array,
  [depth, height, width]: readonly [number, number, number],
): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0]
  let count = 0
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 1) continue
    count++
    sums[0] += Math.floor(i / (height * width))
    sums[1] += Math.floor(i / width) % height
    sums[2] += i % width
  }
  if (count === 0) return [depth >> 1, height >> 1, width >> 1]
  return [Math.round(sums[0] / count), Math.round(sums[1] / count), Math.round(sums[2] / count)]
}

/** Inside, with a neighbour outside. */
function isEdge({ width, height, values }: ReturnType<typeof sliceOf>, i: number): boolean {
  if (values[i] !== 1) return false
  const [x, y] = [i % width, Math.floor(i / width)]
  const outside = (column: number, row: number): boolean =>
    column < 0 || row < 0 || column >= width || row >= height || values[row * width + column] !== 1
  return outside(x - 1, y) || outside(x + 1, y) || outside(x, y - 1) || outside(x, y + 1)
}
