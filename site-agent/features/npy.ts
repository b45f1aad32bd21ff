// Arrays as NumPy keeps them in `.npy` files (format 1.0 to 3.0, NumPy enhancement proposal 1): a header in Python's notation, then
// the numbers. Vectors of float16, float32 and float64 are read, which is what encoders give.

import { SequelaError } from '../../shared/protocol/errors.ts'

const magic = Buffer.from([0x93, ...Buffer.from('NUMPY', 'latin1')])

const readers: Readonly<Record<string, { readonly bytes: number; read(view: DataView, at: number): number }>> = {
  '<f2': { bytes: 2, read: (view, at) => view.getFloat16(at, true) },
  '<f4': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  '<f8': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
}

/**
 * The vector in a file's content; of several axes all but one must have the length 1.
 * @throws SequelaError `scan_unreadable` when it is no such file, `scan_unsuitable` when it holds something else than a vector
 */
export function parseNpy(content: Uint8Array): Float32Array {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  if (!bytes.subarray(0, magic.length).equals(magic)) throw unreadable('it is not a NumPy file (.npy)')
  const wide = (bytes[6] ?? 0) >= 2
  const start = wide ? 12 : 10
  if (bytes.byteLength < start) throw unreadable('its header is cut off')
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8)
  if (start + length > bytes.byteLength) throw unreadable('its header is cut off')
  const header = bytes.toString('latin1', start, start + length)
  const kind = /'descr': *'([^']{1,8})'/.exec(header)?.[1]
  const shape = /'shape': *\(([0-9, ]{0,100})\)/.exec(header)?.[1]
  if (kind === undefined || shape === undefined) throw unreadable('its header does not say what it holds')
  const reader = readers[kind]
  if (reader === undefined) {
    throw unsuitable(`it holds numbers of type ${kind}; there may be ${Object.keys(readers).join(', ')}`)
  }
  const sizes = shape
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number)
  const count = sizes.reduce((product, size) => product * size, 1)
  if (sizes.filter((size) => size !== 1).length > 1) throw unsuitable(`its shape is (${shape}); one vector is expected`)
  const held = (bytes.byteLength - start - length) / reader.bytes
  if (held !== count) throw unreadable(`its header promises ${count} numbers, and ${Math.floor(held)} follow`)
  const view = new DataView(bytes.buffer, bytes.byteOffset + start + length)
  return Float32Array.from({ length: count }, (_, i) => reader.read(view, i * reader.bytes))
}

function unreadable(reason: string): SequelaError {
  return new SequelaError('scan_unreadable', `${reason}.`)
}

/** The refusal of an array that can be read and not used. */
export function unsuitable(reason: string): SequelaError {
  return new SequelaError('scan_unsuitable', `${reason}.`)
}
