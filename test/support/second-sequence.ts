// Gives synthetic hospitals a second sequence: beside a visit's FLAIR a T2w of the same head, in which what was dark is bright.
// Some visits come to lack one of the two, as in real archives.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeNifti } from '../../demo/hospitals/nifti-writer.ts'
import { decodeScan } from '../../site-agent/imaging/scan-file.ts'

/** What a hospital has after it: visits with FLAIR, and with T2w. */
export interface SequencesWritten {
  readonly visits: number
  readonly flair: number
  readonly t2w: number
}

/** Of every five visits one keeps its FLAIR alone and one its T2w alone. @param folder a data set of one FLAIR a visit */
export function addSecondSequence(folder: string): SequencesWritten {
  const images = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /_FLAIR\.nii(\.gz)?$/.test(name))
    .sort()
  for (const [index, name] of images.entries()) {
    const flair = join(folder, name)
    if (index % 5 === 1) continue
    writeFileSync(flair.replace(/_FLAIR\.nii(\.gz)?$/, '_T2w.nii'), inverted(readFileSync(flair)))
    if (index % 5 === 3) rmSync(flair)
  }
  const without = (rest: number): number => images.filter((_, index) => index % 5 === rest).length
  return { visits: images.length, flair: images.length - without(3), t2w: images.length - without(1) }
}

function inverted(content: Uint8Array): Uint8Array {
  const { shape, voxels, affine } = decodeScan(content)
  const most = voxels.reduce((largest, value) => Math.max(largest, value), 0)
  return encodeNifti({
    shape,
    voxels: voxels.map((value) => (value === 0 ? 0 : 1.2 * most - value)),
    affine: [...affine, [0, 0, 0, 1]],
    datatype: 'float32',
  })
}
