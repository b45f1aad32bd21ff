// A scan as large as hospitals have them, 240×240×155 voxels of 1 mm, in template space: the template's brain with texture.

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { encodeNifti } from '../../demo/hospitals/nifti-writer.ts'
import { seededRandom } from '../../shared/random.ts'
import { decodeScan } from '../../site-agent/imaging/scan-file.ts'

const shape = [155, 240, 240] as const
/** Where voxel (0, 0, 0) lies in mm, so that the head is inside. */
const corner = [-120, -138, -72] as const

/** The scan as the bytes of a .nii.gz file. */
export function wholeHead(): Uint8Array {
  const map = new URL('../../site-agent/imaging/templates/mni152-brain-3mm.nii.gz', import.meta.url)
  const brain = decodeScan(readFileSync(map))
  const [depth, height, width] = brain.shape
  const [columns, rows, planes] = brain.affine
  const random = seededRandom('whole head')
  const voxels = new Int16Array(shape[0] * shape[1] * shape[2])
  let i = 0
  for (let z = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++, i++) {
        const u = Math.round((corner[0] + x - columns[3]) / columns[0])
        const v = Math.round((corner[1] + y - rows[3]) / rows[1])
        const w = Math.round((corner[2] + z - planes[3]) / planes[2])
        if (u < 0 || v < 0 || w < 0 || u >= width || v >= height || w >= depth) continue
        const inside = (brain.voxels[(w * height + v) * width + u] ?? 0) > 128
        if (inside) voxels[i] = 600 + random.integer(800)
      }
    }
  }
  const affine = [
    [1, 0, 0, corner[0]],
    [0, 1, 0, corner[1]],
    [0, 0, 1, corner[2]],
    [0, 0, 0, 1],
  ]
  return gzipSync(encodeNifti({ shape: [...shape], voxels, affine, datatype: 'int16' }), { level: 1 })
}
