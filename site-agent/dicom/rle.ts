// RLE Lossless (PS3.5 annex G): a frame is split into byte planes, the most significant first, each packed by PackBits.

import { SequelaError } from '../../shared/protocol/errors.ts'

const headerBytes = 64

/** Decodes one frame to little-endian samples. @throws SequelaError `scan_unreadable` unless every plane fills exactly. */
export function decodeRle(encoded: Uint8Array, pixels: number, bytesPerPixel: number): Uint8Array {
  if (encoded.length < headerBytes) throw damaged()
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  const planes = view.getUint32(0, true)
  if (planes !== bytesPerPixel) throw damaged()
  const decoded = new Uint8Array(pixels * bytesPerPixel)
  for (let plane = 0; plane < planes; plane++) {
    const from = view.getUint32(4 + 4 * plane, true)
    const to = plane + 1 < planes ? view.getUint32(8 + 4 * plane, true) : encoded.length
    if (from < headerBytes || from > to || to > encoded.length) throw damaged()
    unpack(encoded.subarray(from, to), decoded, bytesPerPixel - 1 - plane, bytesPerPixel, pixels)
  }
  return decoded
}

/** Writes `pixels` bytes at `offset`, `offset + stride` and so on. */
function unpack(packed: Uint8Array, into: Uint8Array, offset: number, stride: number, pixels: number): void {
  let [at, done] = [0, 0]
  while (done < pixels) {
    const control = packed[at++]
    if (control === undefined) throw damaged()
    if (control === 128) continue
    const count = control < 128 ? control + 1 : 257 - control
    if (done + count > pixels) throw damaged()
    for (let i = 0; i < count; i++, done++) {
      const value = packed[control < 128 ? at + i : at]
      if (value === undefined) throw damaged()
      into[offset + done * stride] = value
    }
    at += control < 128 ? count : 1
  }
}

function damaged(): SequelaError {
  return new SequelaError('scan_unreadable', 'The file cannot be read: its RLE-compressed pixels are damaged.')
}
