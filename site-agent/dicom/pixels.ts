// The frames of a file as numbers: cut out of the pixel attribute, decoded, masked to the bits that are stored. A frame is
// whole or refused.

import dicomParser, { type DataSet, type Element } from 'dicom-parser'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type CompressedEncoding, type FrameDecoder, loadDecoder } from './compressed.ts'
import type { PixelLayout } from './instance.ts'
import { decodeRle } from './rle.ts'
import { pixelData } from './tags.ts'
import { type Encoding, encodingOf } from './transfer-syntax.ts'

/** Stored numbers of one frame, [rows, columns], before slope and intercept. */
export type FrameReader = (frame: number) => Int32Array

/** Loads each decoder once. */
export function createPixelReader(): (dataSet: DataSet, layout: PixelLayout, frames: number) => Promise<FrameReader> {
  const decoders = new Map<Encoding, Promise<FrameDecoder>>()
  const decoderOf = (encoding: CompressedEncoding): Promise<FrameDecoder> => {
    const known = decoders.get(encoding) ?? loadDecoder(encoding)
    decoders.set(encoding, known)
    return known
  }
  return async (dataSet, layout, frames) => {
    const element = dataSet.elements[`x${pixelData.hex}`]
    if (element === undefined) throw unreadable('it holds no pixels')
    checkLayout(layout)
    const encoding = encodingOf(layout.transferSyntax)
    const pixels = layout.rows * layout.columns
    const width = layout.bitsAllocated / 8
    if (encoding === 'little-endian' || encoding === 'big-endian') {
      const bytes = nativeBytes(dataSet, element, frames * pixels * width)
      return (frame) =>
        samplesOf(
          bytes.subarray(frame * pixels * width, (frame + 1) * pixels * width),
          width,
          encoding === 'big-endian',
          layout,
        )
    }
    const encoded = encapsulatedFrames(dataSet, element, frames)
    if (encoding === 'rle') return (frame) => samplesOf(decodeRle(encoded(frame), pixels, width), width, false, layout)
    const decode = await decoderOf(encoding)
    return (frame) => {
      const { bytes, bytesPerSample } = decode(encoded(frame), {
        rows: layout.rows,
        columns: layout.columns,
        components: 1,
      })
      return samplesOf(bytes, bytesPerSample, false, layout)
    }
  }
}

function checkLayout({ bitsAllocated, bitsStored, highBit, samplesPerPixel }: PixelLayout): void {
  if (bitsAllocated !== 8 && bitsAllocated !== 16) throw unreadable(`its pixels have ${bitsAllocated} bits`)
  if (samplesPerPixel !== 1) throw unreadable('its pixels are colours')
  if (highBit < bitsStored - 1 || highBit >= bitsAllocated)
    throw unreadable('its header contradicts itself about stored bits')
}

/** Archives pad pixels to an even length or to a block of the disk. */
const mostPadding = 512

function nativeBytes(dataSet: DataSet, element: Element, wanted: number): Uint8Array {
  if (element.encapsulatedPixelData === true || element.length < wanted || element.length > wanted + mostPadding) {
    throw unreadable('its pixels are fewer or more than its header says')
  }
  const bytes = dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + wanted)
  if (bytes.length !== wanted) throw unreadable('it breaks off inside its pixels')
  return bytes
}

/** Compressed frames lie in fragments, with a table of offsets that may be empty (PS3.5 A.4). */
function encapsulatedFrames(dataSet: DataSet, element: Element, frames: number): (frame: number) => Uint8Array {
  const { fragments = [], basicOffsetTable = [] } = element
  const cut = (read: () => Uint8Array): Uint8Array => {
    try {
      return read()
    } catch (cause) {
      throw unreadable('its compressed pixels break off', cause)
    }
  }
  if (fragments.length < frames) throw unreadable('it has fewer compressed frames than its header says')
  if (frames === 1) {
    return () => cut(() => dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, 0, fragments.length))
  }
  if (fragments.length === frames) {
    return (frame) => cut(() => dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, frame, 1))
  }
  if (basicOffsetTable.length !== frames) throw unreadable('nothing says which compressed pieces belong to which frame')
  return (frame) => cut(() => dicomParser.readEncapsulatedImageFrame(dataSet, element, frame))
}

/** Bits above and below the stored ones may hold anything (overlays, rubbish): they are cut off, and the sign extended. */
function samplesOf(bytes: Uint8Array, width: number, bigEndian: boolean, layout: PixelLayout): Int32Array {
  const { bitsStored, highBit, signed } = layout
  const count = bytes.length / width
  const down = width === 2 && layout.bitsAllocated === 16 ? highBit + 1 - bitsStored : 0
  const unused = 32 - bitsStored
  const samples = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const at = i * width
    const raw =
      width === 1
        ? (bytes[at] as number)
        : bigEndian
          ? ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
          : (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
    const shifted = (raw >>> down) << unused
    samples[i] = signed ? shifted >> unused : shifted >>> unused
  }
  return samples
}

function unreadable(reason: string, cause?: unknown): SequelaError {
  return new SequelaError('scan_unreadable', `The file cannot be read: ${reason}.`, { cause })
}
