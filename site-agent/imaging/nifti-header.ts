// The strict check of a NIfTI header, from its bytes, before anything else looks at the file. Readers accept headers
// that lie (a wrong size, a scale of zero, a matrix of NaN) and give wrong voxels without an error.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { qformAffine } from './quaternion.ts'
import { type Affine, type AffineRow, determinantOf, spacingOf } from './volume.ts'

export interface NiftiHeader {
  readonly littleEndian: boolean
  readonly shape: readonly [depth: number, height: number, width: number]
  readonly datatype: Datatype
  /** Bytes of the whole uncompressed file; its voxels are the last of them. */
  readonly fileBytes: number
  readonly voxelBytes: number
  /** Value = slope × stored + intercept. */
  readonly slope: number
  readonly intercept: number
  readonly affine: Affine
}

/** Bytes a voxel, by the header's code of the number type (nifti1.h, DT_*). */
const bytesByDatatype = { 2: 1, 4: 2, 8: 4, 16: 4, 64: 8, 256: 1, 512: 2, 768: 4 } as const
type Datatype = keyof typeof bytesByDatatype

/** What NIfTI can hold and a grey-value scan cannot be. */
const foreignDatatypes = new Map([
  [32, 'complex numbers'],
  [1792, 'complex numbers'],
  [2048, 'complex numbers'],
  [128, 'colours'],
  [2304, 'colours'],
  [1, 'single bits'],
  [1024, '64-bit integers'],
  [1280, '64-bit integers'],
  [1536, '128-bit numbers'],
])

/** With the four bytes that say whether extensions follow. */
const headerBytesByVersion = { 1: 352, 2: 544 } as const
/** 512³: twice as fine as a 1 mm head on each axis; as float64 1 GiB, the most that is ever inflated. */
const mostVoxels = 512 ** 3
/** Any 32-bit number times this is still a finite float32. */
const mostScale = 1e20
/** An edge with fewer voxels than this is a localiser or a crop, not a head. */
const fewestVoxelsAlongAxis = 15
/** Anatomical scans of heads lie well within; outside, the units or the file are wrong. */
const spacingRangeMm = [0.3, 8] as const

/**
 * Reads and checks the header at the start of `bytes` (the first 544 bytes of the uncompressed file, or all of it).
 * @throws SequelaError `scan_unreadable` when the header is none or contradicts itself; `scan_unsuitable` when it is
 * sound and describes something else than one anatomical volume with an orientation.
 */
export function parseNiftiHeader(bytes: Uint8Array): NiftiHeader {
  const fields = readFields(bytes)
  const shape = checkShape(fields.dims)
  const datatype = checkDatatype(fields.datatype, fields.bitsPerVoxel)
  const bytesPerVoxel = bytesByDatatype[datatype]
  const { dataOffset, littleEndian } = fields
  if (!Number.isInteger(dataOffset) || dataOffset < fields.headerBytes || dataOffset > 2 ** 24) {
    throw unreadable(`the header says that voxels begin at byte ${dataOffset}, which cannot be`)
  }
  const voxelBytes = shape[0] * shape[1] * shape[2] * bytesPerVoxel
  const scaled = Number.isFinite(fields.slope) && fields.slope !== 0
  if (scaled && !(Math.abs(fields.slope) < mostScale && Math.abs(fields.intercept) < mostScale)) {
    throw unreadable('the slope or intercept in the header is not a usable number')
  }
  const affine = checkAffine(fields)
  const least = Math.min(...shape)
  if (least < fewestVoxelsAlongAxis) {
    throw unsuitable(`it has ${least} voxels along one axis; a head needs at least ${fewestVoxelsAlongAxis}`)
  }
  return {
    littleEndian,
    shape,
    datatype,
    voxelBytes,
    fileBytes: dataOffset + voxelBytes,
    slope: scaled ? fields.slope : 1,
    intercept: scaled ? fields.intercept : 0,
    affine,
  }
}

interface Fields {
  readonly littleEndian: boolean
  readonly headerBytes: number
  readonly dims: readonly number[]
  readonly datatype: number
  readonly bitsPerVoxel: number
  readonly dataOffset: number
  readonly slope: number
  readonly intercept: number
  readonly pixelSizes: readonly number[]
  readonly qformCode: number
  readonly sformCode: number
  /** b, c, d of the quaternion and the offset x, y, z. */
  readonly quaternion: readonly number[]
  readonly rows: readonly number[]
}

/** Takes the fields out of either version in either byte order (nifti1.h, nifti2.h). */
function readFields(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < 348) throw unreadable('it is too short to hold a NIfTI header')
  const littleEndian = [348, 540].includes(view.getInt32(0, true))
  const size = view.getInt32(0, littleEndian)
  const version = size === 348 && hasMagic(bytes, 344, 'n+1') ? 1 : size === 540 && hasMagic(bytes, 4, 'n+2') ? 2 : 0
  if (version !== 0 && bytes.byteLength < headerBytesByVersion[version]) throw unreadable('it ends within its header')
  if (version === 1) return readVersion1(view, littleEndian)
  if (version === 2) return readVersion2(view, littleEndian)
  if ((size === 348 && hasMagic(bytes, 344, 'ni1')) || (size === 540 && hasMagic(bytes, 4, 'ni2'))) {
    throw unreadable('it is the header of a .hdr/.img pair; convert the pair to one .nii file')
  }
  if (size === 348) throw unreadable('it is an Analyze header, which has no orientation; export the scan as NIfTI')
  throw unreadable('it is not a NIfTI file')
}

function readVersion1(view: DataView, littleEndian: boolean): Fields {
  const int16 = (at: number) => view.getInt16(at, littleEndian)
  const float32 = (at: number) => view.getFloat32(at, littleEndian)
  return {
    littleEndian,
    headerBytes: headerBytesByVersion[1],
    dims: row(8, (i) => int16(40 + 2 * i)),
    datatype: int16(70),
    bitsPerVoxel: int16(72),
    pixelSizes: row(4, (i) => float32(76 + 4 * i)),
    dataOffset: float32(108),
    slope: float32(112),
    intercept: float32(116),
    qformCode: int16(252),
    sformCode: int16(254),
    quaternion: row(6, (i) => float32(256 + 4 * i)),
    rows: row(12, (i) => float32(280 + 4 * i)),
  }
}

function readVersion2(view: DataView, littleEndian: boolean): Fields {
  const int64 = (at: number) => Number(view.getBigInt64(at, littleEndian))
  const float64 = (at: number) => view.getFloat64(at, littleEndian)
  return {
    littleEndian,
    headerBytes: headerBytesByVersion[2],
    datatype: view.getInt16(12, littleEndian),
    bitsPerVoxel: view.getInt16(14, littleEndian),
    dims: row(8, (i) => int64(16 + 8 * i)),
    pixelSizes: row(4, (i) => float64(104 + 8 * i)),
    dataOffset: int64(168),
    slope: float64(176),
    intercept: float64(184),
    qformCode: view.getInt32(344, littleEndian),
    sformCode: view.getInt32(348, littleEndian),
    quaternion: row(6, (i) => float64(352 + 8 * i)),
    rows: row(12, (i) => float64(400 + 8 * i)),
  }
}

function checkShape([rank = 0, ...sizes]: readonly number[]): NiftiHeader['shape'] {
  if (rank < 1 || rank > 7) throw unreadable(`the header names ${rank} dimensions`)
  const used = sizes.slice(0, rank)
  const wrong = used.find((size) => size < 1)
  if (wrong !== undefined) throw unreadable(`a dimension in the header is ${wrong}`)
  if (used.reduce((product, size) => product * size, 1) > mostVoxels) {
    throw unsuitable(`the header names more than ${mostVoxels} voxels, the most that is read`)
  }
  const frames = used.slice(3).reduce((product, size) => product * size, 1)
  if (frames > 1) throw unsuitable(`it holds ${frames} frames and is not a 3-D anatomical scan; choose one volume`)
  const [width = 1, height = 1, depth = 1] = used
  return [depth, height, width]
}

function checkDatatype(code: number, bits: number): Datatype {
  const foreign = foreignDatatypes.get(code)
  if (foreign !== undefined) throw unsuitable(`its voxels are ${foreign}; a scan of grey values is needed`)
  if (!isDatatype(code)) throw unreadable(`the header names number type ${code}, which does not exist`)
  if (bits !== 8 * bytesByDatatype[code]) throw unreadable(`the header gives number type ${code} ${bits} bits`)
  return code
}

function isDatatype(code: number): code is Datatype {
  return Object.hasOwn(bytesByDatatype, code)
}

/** The sform if there is one, else the qform: the standard's order of trust. */
function checkAffine(fields: Fields): Affine {
  if (fields.sformCode <= 0 && fields.qformCode <= 0) {
    throw unsuitable(
      'its header has no orientation (no sform, no qform), so left and right are unknown; export it again',
    )
  }
  const affine = fields.sformCode > 0 ? sformAffine(fields.rows) : qformAffine(fields.pixelSizes, fields.quaternion)
  const spacing = spacingOf(affine)
  const finite = affine.flat().every((value) => Number.isFinite(value) && Math.abs(value) < 1e5)
  const [sx, sy, sz] = spacing
  // Relative to the box of the same edges: below 0.1 the axes are nearly in one plane.
  if (!finite || !(Math.abs(determinantOf(affine)) > 0.1 * sx * sy * sz)) {
    throw unreadable('the orientation matrix in the header is not one')
  }
  const [least, most] = spacingRangeMm
  const odd = spacing.find((mm) => mm < least || mm > most)
  if (odd !== undefined) {
    throw unsuitable(`its voxels measure ${odd.toFixed(3)} mm along one axis; ${least} to ${most} mm can be used`)
  }
  return affine
}

function sformAffine(rows: readonly number[]): Affine {
  const line = (first: number): AffineRow => [
    rows[first] ?? NaN,
    rows[first + 1] ?? NaN,
    rows[first + 2] ?? NaN,
    rows[first + 3] ?? NaN,
  ]
  return [line(0), line(4), line(8)]
}

function row(length: number, valueAt: (index: number) => number): number[] {
  return Array.from({ length }, (_, index) => valueAt(index))
}

function hasMagic(bytes: Uint8Array, at: number, magic: string): boolean {
  return [...magic].every((letter, i) => bytes[at + i] === letter.charCodeAt(0)) && bytes[at + magic.length] === 0
}

function unreadable(reason: string): SequelaError {
  return new SequelaError('scan_unreadable', `The scan cannot be read: ${reason}.`)
}

function unsuitable(reason: string): SequelaError {
  return new SequelaError('scan_unsuitable', `The scan cannot be used: ${reason}.`)
}
