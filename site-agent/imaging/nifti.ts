// From the bytes of an uncompressed NIfTI file to a volume: byte order, scaling and axis order undone.

import { readHeader, readImage } from 'nifti-reader-js'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type NiftiHeader, parseNiftiHeader } from './nifti-header.ts'
import { type RasWalk, walkInRas } from './orient.ts'
import type { Volume } from './volume.ts'

/**
 * Reads a whole file; axes come out in RAS order, values with slope and intercept applied.
 * @throws SequelaError `scan_unreadable` or `scan_unsuitable`
 */
export function readNifti(bytes: Uint8Array): Volume {
  const header = parseNiftiHeader(bytes)
  if (bytes.byteLength !== header.fileBytes) {
    throw unreadable(
      `it has ${bytes.byteLength} bytes and its header describes ${header.fileBytes}; it was cut off or changed`,
    )
  }
  const stored = typedVoxels(readStored(bytes, header), header)
  const walk = walkInRas(header.shape, header.affine)
  const voxels = walkVoxels(stored, walk, header)
  if (stored instanceof Float32Array || stored instanceof Float64Array) refuseNotFinite(voxels)
  return { shape: walk.shape, voxels, affine: walk.affine }
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

function walkVoxels(stored: Stored, walk: RasWalk, { slope, intercept }: NiftiHeader): Float32Array {
  const [depth, height, width] = walk.shape
  const [stepZ, stepY, stepX] = walk.steps
  const background = storedBackground(slope, intercept)
  const voxels = new Float32Array(stored.length)
  let at = 0
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      let from = walk.start + z * stepZ + y * stepY
      for (let x = 0; x < width; x++, at++, from += stepX) {
        const value = stored[from] as number
        // Most of a skull-stripped scan is background, and memory that is never written costs nothing.
        if (value !== background) voxels[at] = value * slope + intercept
      }
    }
  }
  return voxels
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
function refuseNotFinite(voxels: Float32Array): void {
  let sum = 0
  for (let i = 0; i < voxels.length; i++) sum += (voxels[i] as number) * 0
  // 0 × NaN and 0 × ∞ are NaN, so the sum stays 0 only when every voxel is finite.
  if (sum !== 0) {
    throw new SequelaError('scan_unsuitable', 'The scan cannot be used: some of its voxels are not finite numbers.')
  }
}

function unreadable(reason: string, cause?: unknown): SequelaError {
  return new SequelaError('scan_unreadable', `The scan cannot be read: ${reason}.`, { cause })
}
