// The size that a compressed frame itself claims, read before a decoder sees it: decoders believe it and reserve memory
// accordingly, whatever the DICOM header says.

import { SequelaError } from '../../shared/protocol/errors.ts'

export interface FrameSize {
  readonly rows: number
  readonly columns: number
  readonly components: number
}

/** Start-of-frame markers: lossless JPEG (T.81, SOF3) and JPEG-LS (T.87, SOF55). */
const startsOfFrame = new Set([0xc3, 0xf7])

/** Walks the markers of JPEG and JPEG-LS up to the start of the frame. @throws SequelaError `scan_unreadable`. */
export function jpegSize(bytes: Uint8Array): FrameSize {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) throw damaged()
  for (let at = 2; at + 10 <= bytes.length; ) {
    if (bytes[at] !== 0xff) throw damaged()
    const marker = bytes[at + 1] ?? 0
    if (startsOfFrame.has(marker)) {
      return { rows: view.getUint16(at + 5), columns: view.getUint16(at + 7), components: bytes[at + 9] ?? 0 }
    }
    if (marker === 0xff) at++
    else at += 2 + Math.max(2, view.getUint16(at + 2))
  }
  throw damaged()
}

/** The SIZ segment of a JPEG 2000 codestream (T.800 A.5.1). @throws SequelaError `scan_unreadable`. */
export function jpeg2000Size(bytes: Uint8Array): FrameSize {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 44 || view.getUint32(0) !== 0xff4fff51) throw damaged()
  const [right, bottom, left, top] = [8, 12, 16, 20].map((at) => view.getUint32(at))
  return { rows: (bottom ?? 0) - (top ?? 0), columns: (right ?? 0) - (left ?? 0), components: view.getUint16(40) }
}

function damaged(): SequelaError {
  return new SequelaError('scan_unreadable', 'The file cannot be read: its compressed pixels are damaged.')
}
