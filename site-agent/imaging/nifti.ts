// From the bytes of an uncompressed NIfTI file to a volume's rows: byte order, scaling and axis order undone.

import { readHeader, readImage } from 'nifti-reader-js'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type NiftiHeader, parseNiftiHeader } from './nifti-header.ts'
import { walkInRas } from './orient.ts'
import { type StoredVolume, toVolume, type Volume } from './volume.ts'

/**
 * Opens a whole file; rows come in RAS order, values with slope and intercept applied.
 * @throws SequelaError `scan_unreadable` or `scan_unsuitable`
 */
export function openNifti(bytes: Uint8Array): StoredVolume {
  const header = parseNiftiHeader(bytes)
  if (bytes.byteLength !== header.fileBytes) {
    throw unreadable(
      `it has ${bytes.byteLength} bytes and its header describes ${header.fileBytes}; it was cut off or changed`,
    )
  }
  const stored = typedVoxels(readStored(bytes, header), header)
  if (stored instanceof Float32Array || stored instanceof Float64Array) refuseNotFinite(stored, header)
  return storedRows(stored, header)
}

/** The same with all of its voxels in memory. */
export function readNifti(bytes: Uint8Array): Volume {
  return toVolume(openNifti(bytes))
}

/** The voxels' bytes in this machine's order, little-endian. */
function readStored(bytes: Uint8Array, header: NiftiHeader): ArrayBuffer {
  let image: ArrayBuffer
  try {
    const file = bufferOf(bytes)
    image = readImage(readHeader(file), file)
  } catch (cause) {
    throw unreadable('what follows its header is damaged', cause)
  }
  // The library multiplies in sizes past the header's own rank, so it may return more than the voxels, never less.
  if (image.byteLength < header.voxelBytes) throw unreadable('its header contradicts itself')
  if (!header.littleEndian) {
    const stored = Buffer.from(image, 0, header.voxelBytes)
    if (header.datatype === 4 || header.datatype === 512) stored.swap16()
    else if (header.datatype === 64) stored.swap64()
    else if (header.datatype !== 2 && header.datatype !== 256) stored.swap32()
  }
  return image
}

/** The library wants a buffer that begins with the file; small reads share one with others. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  if (buffer instanceof ArrayBuffer && byteOffset === 0) return buffer
  const copy = new ArrayBuffer(byteLength)
  new Uint8Array(copy).set(new Uint8Array(buffer, byteOffset, byteLength))
  return copy
}

type Stored = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array

function typedVoxels(image: ArrayBuffer, { datatype, shape }: NiftiHeader): Stored {
  const count = shape[0] * shape[1] * shape[2]
  switch (datatype) {
    case 2:
      return new Uint8Array(image, 0, count)
    case 4:
      return new Int16Array(image, 0, count)
    case 8:
      return new Int32Array(image, 0, count)
    case 16:
      return new Float32Array(image, 0, count)
    case 64:
      return new Float64Array(image, 0, count)
    case 256:
      return new Int8Array(image, 0, count)
    case 512:
      return new Uint16Array(image, 0, count)
    case 768:
      return new Uint32Array(image, 0, count)
  }
}

function storedRows(stored: Stored, header: NiftiHeader): StoredVolume {
  const { slope, intercept } = header
  const { shape, affine, start, steps } = walkInRas(header.shape, header.affine)
  const [stepZ, stepY, stepX] = steps
  const background = storedBackground(slope, intercept)
  const readRow = (z: number, y: number, row: Float32Array): boolean => {
    let from = start + z * stepZ + y * stepY
    let filled = false
    for (let x = 0; x < row.length; x++, from += stepX) {
      const value = stored[from] as number
      if (value === background) row[x] = 0
      else {
        row[x] = value * slope + intercept
        filled = true
      }
    }
    return filled
  }
  return { shape, affine, readRow }
}

/**
 * The stored number that stands for 0. Slope and intercept are rounded on writing, so that what was stored for 0 comes
 * back as a millionth of a step, which would count as brain: a number within a thousandth of a whole one is meant to be
 * that.
 */
function storedBackground(slope: number, intercept: number): number {
  const exact = -intercept / slope
  const whole = Math.round(exact)
  return Math.abs(exact - whole) < 1e-3 ? whole : exact
}

/** Whole numbers under the header's bounded scale are finite anyway. @throws SequelaError `scan_unsuitable` */
function refuseNotFinite(stored: Float32Array | Float64Array, { slope, intercept }: NiftiHeader): void {
  let sum = 0
  for (let i = 0; i < stored.length; i++) sum += Math.fround((stored[i] as number) * slope + intercept) * 0
  // 0 × NaN and 0 × ∞ are NaN, so the sum stays 0 only when every voxel is finite.
  if (sum !== 0) {
    throw new SequelaError('scan_unsuitable', 'The scan cannot be used: some of its voxels are not finite numbers.')
  }
}

function unreadable(reason: string, cause?: unknown): SequelaError {
  return new SequelaError('scan_unreadable', `The scan cannot be read: ${reason}.`, { cause })
}
