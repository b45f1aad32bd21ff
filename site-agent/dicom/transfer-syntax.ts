// How pixels can be encoded (PS3.6 annex A), which of it is decoded here, and why the rest is not.

import { SequelaError } from '../../shared/protocol/errors.ts'

export type Encoding = 'little-endian' | 'big-endian' | 'rle' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000'

const encodings = new Map<string, Encoding>([
  ['1.2.840.10008.1.2', 'little-endian'],
  ['1.2.840.10008.1.2.1', 'little-endian'],
  ['1.2.840.10008.1.2.2', 'big-endian'],
  ['1.2.840.10008.1.2.5', 'rle'],
  ['1.2.840.10008.1.2.4.57', 'jpeg-lossless'],
  ['1.2.840.10008.1.2.4.70', 'jpeg-lossless'],
  ['1.2.840.10008.1.2.4.80', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.81', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.90', 'jpeg-2000'],
  ['1.2.840.10008.1.2.4.91', 'jpeg-2000'],
])

const refused = new Map([
  ['1.2.840.10008.1.2.4.50', 'JPEG with 8 bits, which loses grey values'],
  ['1.2.840.10008.1.2.4.51', 'JPEG that loses grey values'],
  ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000'],
  ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000'],
  ['1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000'],
])

/** @throws SequelaError `scan_unsuitable` with what the syntax is when it is not decoded here */
export function encodingOf(transferSyntax: string): Encoding {
  const encoding = encodings.get(transferSyntax)
  if (encoding !== undefined) return encoding
  const name = refused.get(transferSyntax) ?? 'a way that is not known here'
  throw new SequelaError('scan_unsuitable', `its pixels are encoded as ${name}; export the series uncompressed`)
}

/** Encodings whose pixels may differ from what was acquired. */
export function mayBeLossy(transferSyntax: string): boolean {
  return transferSyntax.endsWith('.4.81') || transferSyntax.endsWith('.4.91')
}
