// Decoders of compressed frames: CharLS and OpenJPEG as WebAssembly, lossless JPEG in JavaScript. They throw numbers and
// texts, or return nothing; whatever happens in them becomes one refusal here.

import loadCharls from '@cornerstonejs/codec-charls/decodewasmjs'
import loadOpenJpeg from '@cornerstonejs/codec-openjpeg/decodewasmjs'
import { Decoder as JpegLosslessDecoder } from '@cornerstonejs/jpeg-lossless-decoder-js'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type FrameSize, jpeg2000Size, jpegSize } from './frame-size.ts'
import type { Encoding } from './transfer-syntax.ts'

export type CompressedEncoding = Extract<Encoding, 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000'>

/** Samples in little-endian order, `bytesPerSample` each. */
export interface DecodedFrame {
  readonly bytes: Uint8Array
  readonly bytesPerSample: number
}

/** Decodes one frame of the given size. @throws SequelaError `scan_unreadable`. */
export type FrameDecoder = (encoded: Uint8Array, size: FrameSize) => DecodedFrame

interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array
  decode(): void
  getDecodedBuffer(): Uint8Array
  getFrameInfo(): { readonly width: number; readonly height: number; readonly bitsPerSample: number }
  delete(): void
}

/** Loads the decoder of an encoding. */
export async function loadDecoder(encoding: CompressedEncoding): Promise<FrameDecoder> {
  const quiet = { print: () => {}, printErr: () => {} }
  switch (encoding) {
    case 'jpeg-lossless':
      return guarded(jpegSize, decodeJpegLossless)
    case 'jpeg-ls': {
      const { JpegLSDecoder } = await loadCharls(quiet)
      return guarded(jpegSize, (encoded) => decodeWith(new JpegLSDecoder(), encoded))
    }
    case 'jpeg-2000': {
      const { J2KDecoder } = await loadOpenJpeg(quiet)
      return guarded(jpeg2000Size, (encoded) => decodeWith(new J2KDecoder(), encoded))
    }
  }
}

function decodeWith(decoder: WasmDecoder, encoded: Uint8Array): DecodedFrame {
  try {
    decoder.getEncodedBuffer(encoded.length).set(encoded)
    decoder.decode()
    const bytesPerSample = decoder.getFrameInfo().bitsPerSample > 8 ? 2 : 1
    // A copy: the decoder's own memory is gone after `delete`.
    return { bytes: decoder.getDecodedBuffer().slice(), bytesPerSample }
  } finally {
    decoder.delete()
  }
}

function decodeJpegLossless(encoded: Uint8Array): DecodedFrame {
  // Not `slice`: of a Node Buffer that is a view, whose memory begins with other bytes.
  const copy = new Uint8Array(encoded)
  const decoder = new JpegLosslessDecoder()
  const samples = decoder.decode(copy.buffer, 0, copy.length)
  return {
    bytes: new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength),
    bytesPerSample: samples.BYTES_PER_ELEMENT,
  }
}

function guarded(
  sizeOf: (encoded: Uint8Array) => FrameSize,
  decode: (encoded: Uint8Array) => DecodedFrame,
): FrameDecoder {
  return (encoded, { rows, columns, components }) => {
    const claimed = sizeOf(encoded)
    if (claimed.rows !== rows || claimed.columns !== columns || claimed.components !== components) {
      throw unreadable('its compressed pixels have another size than its header says')
    }
    let decoded: DecodedFrame
    try {
      decoded = decode(encoded)
    } catch (cause) {
      throw unreadable('its compressed pixels are damaged', cause)
    }
    if (decoded.bytes.length !== rows * columns * components * decoded.bytesPerSample) {
      throw unreadable('its compressed pixels break off')
    }
    return decoded
  }
}

function unreadable(reason: string, cause?: unknown): SequelaError {
  return new SequelaError('scan_unreadable', `The file cannot be read: ${reason}.`, { cause })
}
