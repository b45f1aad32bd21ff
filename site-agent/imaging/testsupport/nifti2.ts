// NIfTI-2 files for tests, out of NIfTI-1 files: the same fields at other places and in wider numbers (nifti2.h).

/** The same volume as a little-endian NIfTI-2 file; `file` is a little-endian NIfTI-1 file with voxels at byte 352. */
export function asNifti2(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const from = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const bytes = new Uint8Array(file.byteLength + 544 - 352)
  const to = new DataView(bytes.buffer)
  const floats = (count: number, source: number, target: number) => {
    for (let i = 0; i < count; i++) to.setFloat64(target + 8 * i, from.getFloat32(source + 4 * i, true), true)
  }
  to.setInt32(0, 540, true)
  bytes.set(
    [...'n+2\0\r\n\x1a\n'].map((letter) => letter.charCodeAt(0)),
    4,
  )
  to.setInt16(12, from.getInt16(70, true), true)
  to.setInt16(14, from.getInt16(72, true), true)
  for (let i = 0; i < 8; i++) to.setBigInt64(16 + 8 * i, BigInt(from.getInt16(40 + 2 * i, true)), true)
  floats(8, 76, 104)
  to.setBigInt64(168, 544n, true)
  floats(2, 112, 176)
  to.setInt32(344, from.getInt16(252, true), true)
  to.setInt32(348, from.getInt16(254, true), true)
  floats(6, 256, 352)
  floats(12, 280, 400)
  bytes.set(file.subarray(352), 544)
  return bytes
}
