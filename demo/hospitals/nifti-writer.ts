// Writes NIfTI-1 files: the demo's scans, and the fixtures of tests that read scans.

export interface NiftiContent {
  /** Voxels along z, y, x; `voxels` has x fastest. */
  readonly shape: readonly [number, number, number]
  readonly voxels: ArrayLike<number>
  /** Four rows of four: from voxel indices (i, j, k) to RAS in mm. */
  readonly affine: readonly (readonly number[])[]
  readonly datatype: keyof typeof datatypes
  readonly slope?: number
  readonly intercept?: number
  /** Which of the header's two forms carries the affine; both when left out. */
  readonly formCode?: 'sform' | 'qform' | 'both'
  /** Up to 79 ASCII characters. */
  readonly description?: string
  readonly littleEndian?: boolean
}

/** Code, bytes a voxel and the setter of each number type (nifti1.h, DT_*). */
const datatypes = {
  uint8: { code: 2, bytes: 1, set: 'setUint8' },
  int16: { code: 4, bytes: 2, set: 'setInt16' },
  int32: { code: 8, bytes: 4, set: 'setInt32' },
  float32: { code: 16, bytes: 4, set: 'setFloat32' },
  float64: { code: 64, bytes: 8, set: 'setFloat64' },
  int8: { code: 256, bytes: 1, set: 'setInt8' },
  uint16: { code: 512, bytes: 2, set: 'setUint16' },
  uint32: { code: 768, bytes: 4, set: 'setUint32' },
} as const

const headerBytes = 352
/** NIFTI_XFORM_SCANNER_ANAT. */
const scannerAnatomical = 1
const millimetres = 2

/**
 * Encodes one volume as an uncompressed single-file NIfTI-1 image.
 * @throws RangeError when the voxels do not fill the shape, or a qform is asked for a sheared affine.
 */
export function encodeNifti(content: NiftiContent): Uint8Array<ArrayBuffer> {
  const { shape, voxels, affine, datatype, formCode = 'both', littleEndian = true } = content
  const [depth, height, width] = shape
  if (voxels.length !== depth * height * width) throw new RangeError('the voxels do not fill the shape')
  const type = datatypes[datatype]
  const bytes = new Uint8Array(headerBytes + voxels.length * type.bytes)
  const view = new DataView(bytes.buffer)
  const int16 = (at: number, value: number) => view.setInt16(at, value, littleEndian)
  const float32 = (at: number, value: number) => view.setFloat32(at, value, littleEndian)
  const ascii = (at: number, text: string, limit: number) => {
    new TextEncoder().encodeInto(text, bytes.subarray(at, at + limit))
  }
  view.setInt32(0, 348, littleEndian)
  for (const [i, size] of [3, width, height, depth, 1, 1, 1, 1].entries()) int16(40 + 2 * i, size)
  int16(70, type.code)
  int16(72, 8 * type.bytes)
  const quaternion = toQuaternion(affine)
  for (const [i, value] of [quaternion.handedness, ...quaternion.spacing].entries()) float32(76 + 4 * i, value)
  float32(108, headerBytes)
  float32(112, content.slope ?? 1)
  float32(116, content.intercept ?? 0)
  bytes[123] = millimetres
  ascii(148, content.description ?? '', 79)
  if (formCode !== 'sform') {
    if (!quaternion.orthogonal) throw new RangeError('a sheared affine has no qform')
    int16(252, scannerAnatomical)
    for (const [i, value] of [...quaternion.bcd, ...quaternion.offset].entries()) float32(256 + 4 * i, value)
  }
  if (formCode !== 'qform') {
    int16(254, scannerAnatomical)
    for (const [i, value] of affine.slice(0, 3).flat().entries()) float32(280 + 4 * i, value)
  }
  ascii(344, 'n+1', 3)
  if (littleEndian && datatype === 'int16') bytes.set(bytesOf(Int16Array.from(voxels)), headerBytes)
  else if (littleEndian && datatype === 'float32') bytes.set(bytesOf(Float32Array.from(voxels)), headerBytes)
  else {
    const set = view[type.set].bind(view)
    for (let i = 0; i < voxels.length; i++) set(headerBytes + i * type.bytes, voxels[i] ?? 0, littleEndian)
  }
  return bytes
}

function bytesOf(voxels: Int16Array | Float32Array): Uint8Array {
  return new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength)
}

/**
 * The affine as the header's method 2 stores it: spacing, a rotation as quaternion (a ≥ 0 is implied) and the third
 * axis' handedness. Formulas: nifti1_io.c, nifti_mat44_to_quatern.
 */
function toQuaternion(affine: readonly (readonly number[])[]) {
  const at = (row: number, column: number) => affine[row]?.[column] ?? 0
  const spacing = [0, 1, 2].map((column) => Math.hypot(at(0, column), at(1, column), at(2, column)))
  const rotation = (row: number, column: number) => at(row, column) / (spacing[column] || 1)
  const dot = (p: number, q: number) => [0, 1, 2].reduce((sum, row) => sum + rotation(row, p) * rotation(row, q), 0)
  const orthogonal = [dot(0, 1), dot(0, 2), dot(1, 2)].every((product) => Math.abs(product) < 1e-4)
  const determinant = [0, 1, 2].reduce((sum, i) => {
    const [j, k] = [(i + 1) % 3, (i + 2) % 3]
    return sum + rotation(0, i) * (rotation(1, j) * rotation(2, k) - rotation(1, k) * rotation(2, j))
  }, 0)
  const handedness = determinant < 0 ? -1 : 1
  const r = (row: number, column: number) => rotation(row, column) * (column === 2 ? handedness : 1)
  const half = (value: number) => Math.sqrt(Math.max(0, value)) / 2
  const [a, bb, cc, dd] = [
    half(1 + r(0, 0) + r(1, 1) + r(2, 2)),
    half(1 + r(0, 0) - r(1, 1) - r(2, 2)),
    half(1 - r(0, 0) + r(1, 1) - r(2, 2)),
    half(1 - r(0, 0) - r(1, 1) + r(2, 2)),
  ]
  let bcd: number[]
  // The largest component is taken from the diagonal, the others from sums and differences, which keeps their signs.
  if (a >= bb && a >= cc && a >= dd) {
    bcd = [r(2, 1) - r(1, 2), r(0, 2) - r(2, 0), r(1, 0) - r(0, 1)].map((value) => value / (4 * a))
  } else if (bb >= cc && bb >= dd) {
    bcd = withSign(r(2, 1) - r(1, 2), [bb, (r(0, 1) + r(1, 0)) / (4 * bb), (r(0, 2) + r(2, 0)) / (4 * bb)])
  } else if (cc >= dd) {
    bcd = withSign(r(0, 2) - r(2, 0), [(r(0, 1) + r(1, 0)) / (4 * cc), cc, (r(1, 2) + r(2, 1)) / (4 * cc)])
  } else {
    bcd = withSign(r(1, 0) - r(0, 1), [(r(0, 2) + r(2, 0)) / (4 * dd), (r(1, 2) + r(2, 1)) / (4 * dd), dd])
  }
  return { spacing, handedness, orthogonal, bcd, offset: [at(0, 3), at(1, 3), at(2, 3)] }
}

/** A quaternion and its negative are one rotation; the header implies a real part of at least zero. */
function withSign(real: number, bcd: readonly number[]): number[] {
  return bcd.map((value) => (real < 0 ? -value : value))
}
