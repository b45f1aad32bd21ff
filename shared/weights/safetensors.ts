// The weights file: a strict part of the safetensors format. F32 little-endian, names sorted, offsets without gaps, no
// metadata, header padded with blanks to a multiple of eight bytes. One content has exactly one encoding, so equal
// weights have equal digests; whatever deviates is refused. Layout: 8 bytes header length, JSON header, values.

import { SequelaError } from '../protocol/errors.ts'
import { maxParameters, maxWeightsHeaderBytes } from '../protocol/limits.ts'
import { elementCount, type Manifest, manifestOf, parameterSize, type Weights } from './weights.ts'

const lengthBytes = 8
const bytesPerElement = 4

assertLittleEndian()

/** The header of a weights file: what it holds, and where its values begin. */
export interface WeightsHeader {
  readonly manifest: Manifest
  /** Bytes before the first value. */
  readonly dataOffset: number
  /** Length of the whole file in bytes. */
  readonly byteLength: number
}

/** Weights as a file. */
export function encodeSafetensors(weights: Weights): Uint8Array<ArrayBuffer> {
  if (weights.values.length !== elementCount(weights.manifest)) throw new Error('values and manifest differ in size')
  const header = encodeHeader(weights.manifest)
  const file = new Uint8Array(header.byteLength + weights.values.byteLength)
  file.set(header, 0)
  const { buffer, byteOffset, byteLength } = weights.values
  file.set(new Uint8Array(buffer, byteOffset, byteLength), header.byteLength)
  return file
}

/** The bytes before the values: length and padded JSON. @throws SequelaError `manifest_invalid` when not sorted. */
export function encodeHeader(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const sorted = manifestOf(manifest)
  if (sorted.some((parameter, i) => parameter.name !== manifest[i]?.name)) {
    throw new SequelaError('manifest_invalid', 'the parameters of a weights file are sorted by name')
  }
  let offset = 0
  const entries = manifest.map((parameter) => {
    const begin = offset
    offset += parameterSize(parameter) * bytesPerElement
    const entry = { dtype: 'F32', shape: parameter.shape, data_offsets: [begin, offset] }
    return `${JSON.stringify(parameter.name)}:${JSON.stringify(entry)}`
  })
  // Joined by hand: an object would move names that look like numbers to its front.
  const json = new TextEncoder().encode(`{${entries.join(',')}}`)
  const padded = Math.ceil(json.byteLength / 8) * 8
  const header = new Uint8Array(lengthBytes + padded).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true)
  header.set(json, lengthBytes)
  return header
}

/** Length in bytes of the file that holds weights of this manifest. */
export function encodedByteLength(manifest: Manifest): number {
  return encodeHeader(manifest).byteLength + elementCount(manifest) * bytesPerElement
}

/**
 * Reads a weights file.
 * @throws SequelaError `weights_malformed` when it is anything but the one encoding of some weights.
 */
export function decodeSafetensors(file: Uint8Array): Weights {
  const { manifest, dataOffset, byteLength } = decodeHeader(file)
  if (file.byteLength !== byteLength) {
    throw malformed(`it should be ${byteLength} bytes long but is ${file.byteLength}`)
  }
  const bytes = new Uint8Array(byteLength - dataOffset)
  bytes.set(file.subarray(dataOffset))
  return { manifest, values: new Float32Array(bytes.buffer) }
}

/**
 * Length of the header in bytes, the length field included, from the first eight bytes of a file.
 * @throws SequelaError `weights_malformed`.
 */
export function headerByteLength(start: Uint8Array): number {
  if (start.byteLength < lengthBytes) throw malformed('it is too short to be one')
  const length = new DataView(start.buffer, start.byteOffset, lengthBytes).getBigUint64(0, true)
  if (length < 2n || length > BigInt(maxWeightsHeaderBytes)) throw malformed(`its header claims ${length} bytes`)
  return lengthBytes + Number(length)
}

/**
 * Reads the header from the first bytes of a file; the values need not be there.
 * @throws SequelaError `weights_malformed`.
 */
export function decodeHeader(start: Uint8Array): WeightsHeader {
  const dataOffset = headerByteLength(start)
  if (start.byteLength < dataOffset) throw malformed('it ends inside its header')
  const header = start.subarray(0, dataOffset)
  const manifest = manifestFromJson(parseHeader(header.subarray(lengthBytes)))
  if (!sameBytes(header, encodeHeader(manifest))) throw malformed('its header is not in the one form that is accepted')
  return { manifest, dataOffset, byteLength: dataOffset + elementCount(manifest) * bytesPerElement }
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (isRecord(value)) return value
  } catch (error) {
    throw malformed('its header is not JSON', error)
  }
  throw malformed('its header is not an object')
}

/** Offsets are not read: the canonical header is made anew from names and shapes and compared byte for byte. */
function manifestFromJson(header: Record<string, unknown>): Manifest {
  let total = 0
  const parameters = Object.entries(header).map(([name, entry]) => {
    if (name === '__metadata__') throw malformed('it carries metadata')
    const quoted = JSON.stringify(name.slice(0, 80))
    if (!isRecord(entry) || entry.dtype !== 'F32') throw malformed(`parameter ${quoted} is not of type F32`)
    const { shape } = entry
    if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isLength)) {
      throw malformed(`the shape of parameter ${quoted} is not a list of lengths`)
    }
    const size = parameterSize({ name, shape })
    total += size
    if (total > maxParameters) throw malformed(`it claims more than ${maxParameters} weights`)
    return { name, shape }
  })
  return parameters.length === 0 ? [] : manifestOf(parameters)
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxParameters
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])
}

function malformed(why: string, cause?: unknown): SequelaError {
  return new SequelaError('weights_malformed', `this is not a weights file: ${why}`, { cause })
}

function assertLittleEndian(): void {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) {
    throw new Error('weights files are little-endian and this machine is not; no supported platform is')
  }
}
