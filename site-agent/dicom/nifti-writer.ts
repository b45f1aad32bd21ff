// Writes a volume as NIfTI-1: header, matrix and voxels, and no word about where it comes from.

import { type Affine, spacingOf } from '../imaging/volume.ts'

export interface NiftiVolume {
  /** Along columns, rows and slices of the stack: x, y, z; voxels have x fastest. */
  readonly size: readonly [number, number, number]
  readonly voxels: Float32Array
  /** To RAS in mm. */
  readonly affine: Affine
}

const headerBytes = 352
/** NIFTI_XFORM_SCANNER_ANAT */
const scannerAnatomical = 1
const millimetres = 2

/** The bytes of an uncompressed file. Whole numbers that fit are stored as 16 bits, others as float32. */
export function encodeNifti({ size, voxels, affine }: NiftiVolume): Uint8Array {
  const stored = storedVoxels(voxels)
  const bytes = new Uint8Array(headerBytes + stored.voxels.byteLength)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 348, true)
  for (const [i, dimension] of [3, ...size, 1, 1, 1, 1].entries()) view.setInt16(40 + 2 * i, dimension, true)
  view.setInt16(70, stored.code, true)
  view.setInt16(72, 8 * stored.voxels.BYTES_PER_ELEMENT, true)
  for (const [i, step] of [1, ...spacingOf(affine)].entries()) view.setFloat32(76 + 4 * i, step, true)
  view.setFloat32(108, headerBytes, true)
  view.setFloat32(112, 1, true)
  bytes[123] = millimetres
  view.setInt16(254, scannerAnatomical, true)
  for (const [i, value] of affine.flat().entries()) view.setFloat32(280 + 4 * i, value, true)
  bytes.set([0x6e, 0x2b, 0x31, 0], 344)
  const { voxels: data } = stored
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), headerBytes)
  return bytes
}

function storedVoxels(voxels: Float32Array): { voxels: Int16Array | Uint16Array | Float32Array; code: number } {
  let [least, most, whole] = [0, 0, true]
  for (const value of voxels) {
    if (value < least) least = value
    if (value > most) most = value
    whole = whole && Number.isInteger(value)
  }
  if (whole && least >= -0x8000 && most <= 0x7fff) return { voxels: Int16Array.from(voxels), code: 4 }
  if (whole && least >= 0 && most <= 0xffff) return { voxels: Uint16Array.from(voxels), code: 512 }
  return { voxels, code: 16 }
}
