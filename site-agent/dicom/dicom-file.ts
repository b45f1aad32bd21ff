// The bytes of a DICOM file, read with dicom-parser. It throws texts and objects of its own and reads past what it was
// given; everything it throws becomes one refusal here.

import dicomParser, { type DataSet } from 'dicom-parser'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { allNumbers, type Fields, parseDecimalString } from './fields.ts'
import { pixelData, type Tag } from './tags.ts'

const prefixAt = 128
/** Explicit little endian with a deflated body. Rare, and a way to hide a bomb: refused. */
const deflated = '1.2.840.10008.1.2.1.99'

export interface DicomFile {
  readonly transferSyntax: string
  readonly fields: Fields
  /** Everything that dicom-parser found, for decoding pixels. */
  readonly dataSet: DataSet
}

/** Whether bytes begin as a DICOM file does: 128 bytes of anything and `DICM`. */
export function isDicom(bytes: Uint8Array): boolean {
  return bytes.length >= prefixAt + 4 && 'DICM' === String.fromCharCode(...bytes.subarray(prefixAt, prefixAt + 4))
}

/**
 * Reads a header: all attributes before the pixels, of which nothing need be there.
 * @throws SequelaError `scan_unreadable`
 */
export function parseDicomHeader(bytes: Uint8Array): DicomFile {
  return parse(bytes, `x${pixelData.hex}`)
}

/** Reads a whole file. @throws SequelaError `scan_unreadable`. */
export function parseDicomFile(bytes: Uint8Array): DicomFile {
  return parse(bytes, undefined)
}

function parse(bytes: Uint8Array, untilTag: string | undefined): DicomFile {
  if (!isDicom(bytes)) throw unreadable('it is not a DICOM file: the four letters DICM are missing at byte 128')
  try {
    const syntax = dicomParser.readPart10Header(bytes).string('x00020010')?.trim()
    if (syntax === undefined || syntax === '')
      throw unreadable('its header does not say how it is encoded (no transfer syntax)')
    if (syntax === deflated) throw unreadable('it is deflated as a whole, which is not supported; export it without')
    const dataSet = dicomParser.parseDicom(bytes, untilTag === undefined ? {} : { untilTag })
    return { transferSyntax: syntax, fields: fieldsOf(dataSet), dataSet }
  } catch (error) {
    if (error instanceof SequelaError) throw error
    throw unreadable('it breaks off or is damaged inside its header', error)
  }
}

/** Attributes of a data set, read when they are asked for. */
function fieldsOf(dataSet: DataSet): Fields {
  return {
    texts: ({ hex }) => textsAt(dataSet, hex),
    numbers: (tag) => numbersAt(dataSet, tag),
    items: ({ hex }) =>
      (dataSet.elements[`x${hex}`]?.items ?? []).flatMap(({ dataSet: item }) =>
        item === undefined ? [] : [fieldsOf(item)],
      ),
  }
}

/** Longest text attribute that is looked at; those that matter are at most 64 letters a value. */
const longestText = 4096

function textsAt(dataSet: DataSet, hex: string): readonly string[] {
  const element = dataSet.elements[`x${hex}`]
  if (element === undefined || element.length <= 0 || element.items !== undefined) return []
  const { dataOffset } = element
  const bytes = dataSet.byteArray.subarray(dataOffset, dataOffset + Math.min(element.length, longestText))
  // Names of attributes that decide anything are ASCII; of the others, patients' ids, bytes are compared as they are.
  const text = decoded(bytes)
  const values = text.split('\\').map((value) => value.replaceAll('\0', '').trim())
  return values.some((value) => value !== '') ? values : []
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
const latin1 = new TextDecoder('latin1')

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return latin1.decode(bytes)
  }
}

/** Values of one attribute that are ever needed: orientation has six numbers. */
const mostValues = 64

function numbersAt(dataSet: DataSet, { hex, kind }: Tag): readonly number[] {
  if (kind === 'decimal') return allNumbers(textsAt(dataSet, hex).map(parseDecimalString))
  const { dataOffset = 0, length = 0 } = dataSet.elements[`x${hex}`] ?? {}
  if (dataOffset + length > dataSet.byteArray.length) return []
  const width = kind === 'uint16' ? 2 : 8
  const count = Math.min(Math.floor(length / width), mostValues)
  const read = (index: number): number | undefined =>
    kind === 'uint16' ? dataSet.uint16(`x${hex}`, index) : dataSet.double(`x${hex}`, index)
  return allNumbers(Array.from({ length: count }, (_, index) => read(index)))
}

function unreadable(reason: string, cause?: unknown): SequelaError {
  return new SequelaError('scan_unreadable', `The file cannot be read: ${reason}.`, { cause })
}
