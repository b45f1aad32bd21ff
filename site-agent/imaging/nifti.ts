// From the bytes of an uncompressed NIfTI file to a volume: byte order, scaling and axis order undone.

import { readHeader, readImage } from 'nifti-reader-js'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type Datatype, type NiftiHeader, parseNiftiHeader } from './nifti-header.ts'
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
  const stored = toFloat32(readStored(bytes, header), header.datatype)
  const walk = walkInRas(header.shape, header.affine)
  const voxels = walkVoxels(stored, walk, header.slope, header.intercept)
  return { shape: walk.shape, voxels, affine: walk.affine }
}

/** The voxels' bytes in this machine's order, little-endian. */
function readStored(bytes: Uint8Array, header: NiftiHeader): ArrayBuffer {
  let image: ArrayBuffer
  try {
    const file = exactBuffer(bytes)
    image = readImage(readHeader(file), file)
  } catch (cause) {
    throw unreadable('what follows its header is damaged', cause)
  }
  if (image.byteLength !== header.voxelBytes) throw unreadable('its header contradicts itself')
  if (!header.littleEndian) {
    const stored = Buffer.from(image)
    if (header.datatype === 4 || header.datatype === 512) stored.swap16()
    else if (header.datatype === 64) stored.swap64()
    else if (header.datatype !== 2 && header.datatype !== 256) stored.swap32()
  }
  return image
}

/** The library wants a buffer that holds the file and nothing else; small reads share one with others. */
function exactBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && buffer.byteLength === byteLength) return buffer
  const copy = new ArrayBuffer(byteLength)
  new Uint8Array(copy).set(new Uint8Array(buffer, byteOffset, byteLength))
  return copy
}

function toFloat32(image: ArrayBuffer, datatype: Datatype): Float32Array {
  switch (datatype) {
    case 2:
      return new Float32Array(new Uint8Array(image))
    case 4:
      return new Float32Array(new Int16Array(image))
    case 8:
      return new Float32Array(new Int32Array(image))
    case 16:
      return new Float32Array(image)
    case 64:
      return new Float32Array(new Float64Array(image))
    case 256:
      return new Float32Array(new Int8Array(image))
    case 512:
      return new Float32Array(new Uint16Array(image))
    case 768:
      return new Float32Array(new Uint32Array(image))
  }
}

function walkVoxels(stored: Float32Array, walk: RasWalk, slope: number, intercept: number): Float32Array {
  const [depth, height, width] = walk.shape
  const [stepZ, stepY, stepX] = walk.steps
  const voxels = new Float32Array(stored.length)
  let finite = 0
  let at = 0
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      let from = walk.start + z * stepZ + y * stepY
      for (let x = 0; x < width; x++, at++, from += stepX) {
        const value = Math.fround((stored[from] as number) * slope + intercept)
        voxels[at] = value
        finite += value * 0
      }
    }
  }
  // 0 × NaN and 0 × ∞ are NaN, so the sum stays 0 only when every voxel is finite.
  if (finite !== 0) {
    throw new SequelaError('scan_unsuitable', 'The scan cannot be used: some voxels are not finite numbers.')
  }
  return voxels
}

function unreadable(reason: string, cause?: unknown): SequelaError {
  return new SequelaError('scan_unreadable', `The scan cannot be read: ${reason}.`, { cause })
}
