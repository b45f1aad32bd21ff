// Scans for tests, made from the template's own brain map: in any axis order, moved, cut, or with a box around it.

import { encodeNifti, type NiftiContent } from '../../../demo/nifti-writer.ts'
import { readTemplateBrain } from '../template.ts'

/** A textured brain in template space at 3 mm, as file bytes; `shiftMm` moves it to the right. */
export function brainScan(
  options: Partial<NiftiContent> & { readonly shiftMm?: number } = {},
): Uint8Array<ArrayBuffer> {
  const { shape, voxels, affine } = readTemplateBrain()
  const [depth, height, width] = shape
  const [first, second, third] = affine
  const textured = voxels.map((share, i) => (share < 128 ? 0 : 100 + (i % 97) + (Math.floor(i / width) % 31)))
  const moved = [first[0], first[1], first[2], first[3] + (options.shiftMm ?? 0)]
  return encodeNifti({
    shape: [depth, height, width],
    voxels: textured,
    affine: [moved, [...second], [...third], [0, 0, 0, 1]],
    datatype: 'int16',
    ...options,
  })
}
