// DICOM files made by code: any attributes, in the three uncompressed encodings, with the 128 bytes before and the file's
// own header. Knows the value representations of what the tests write, and no more.

export type WrittenSyntax = 'implicit' | 'explicit' | 'big-endian'

/** A value of an attribute: texts are joined by `\`, items are data sets of their own. */
export type Value = string | number | readonly number[] | Uint8Array | readonly DataSet[]

/** Values by tag, eight hexadecimal digits. */
export type DataSet = Readonly<Record<string, Value>>

const syntaxUids = {
  implicit: '1.2.840.10008.1.2',
  explicit: '1.2.840.10008.1.2.1',
  'big-endian': '1.2.840.10008.1.2.2',
} as const

/** Representations of what is not text; everything else is written as LO. */
const representations: Readonly<Record<string, string>> = {
  '00280002': 'US',
  '00280010': 'US',
  '00280011': 'US',
  '00280100': 'US',
  '00280101': 'US',
  '00280102': 'US',
  '00280103': 'US',
  '00189082': 'FD',
  '00189079': 'FD',
  '00189087': 'FD',
  '7fe00010': 'OW',
}

const longForm = new Set(['OB', 'OW', 'SQ', 'UN'])

/** Encodes a file. @param transferSyntax written instead of the syntax's own UID */
export function encodeDicom(dataSet: DataSet, syntax: WrittenSyntax = 'explicit', transferSyntax?: string): Uint8Array {
  const meta = encodeDataSet({ '00020010': transferSyntax ?? syntaxUids[syntax] }, 'explicit', 'UI')
  return joined([new Uint8Array(128), ascii('DICM'), groupLength(meta.length), meta, encodeDataSet(dataSet, syntax)])
}

function groupLength(length: number): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 2, true)
  bytes.set(ascii('UL'), 4)
  view.setUint16(6, 4, true)
  view.setUint32(8, length, true)
  return bytes
}

function encodeDataSet(dataSet: DataSet, syntax: WrittenSyntax, otherwise = 'LO'): Uint8Array {
  const little = syntax !== 'big-endian'
  const elements = Object.entries(dataSet).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return joined(
    elements.flatMap(([hex, value]) => {
      const representation = isItems(value) ? 'SQ' : (representations[hex] ?? otherwise)
      const content = encodeValue(value, representation, syntax)
      const long = syntax === 'implicit' ? false : longForm.has(representation)
      const header = new Uint8Array(syntax === 'implicit' ? 8 : long ? 12 : 8)
      const view = new DataView(header.buffer)
      view.setUint16(0, Number.parseInt(hex.slice(0, 4), 16), little)
      view.setUint16(2, Number.parseInt(hex.slice(4), 16), little)
      if (syntax === 'implicit') view.setUint32(4, content.length, little)
      else {
        header.set(ascii(representation), 4)
        if (long) view.setUint32(8, content.length, little)
        else view.setUint16(6, content.length, little)
      }
      return [header, content]
    }),
  )
}

function isItems(value: Value): value is readonly DataSet[] {
  return Array.isArray(value) && typeof value[0] === 'object'
}

function encodeValue(value: Value, representation: string, syntax: WrittenSyntax): Uint8Array {
  const little = syntax !== 'big-endian'
  if (value instanceof Uint8Array) return value
  if (isItems(value)) {
    return joined(
      value.flatMap((item) => {
        const content = encodeDataSet(item, syntax)
        const header = new Uint8Array(8)
        const view = new DataView(header.buffer)
        view.setUint16(0, 0xfffe, little)
        view.setUint16(2, 0xe000, little)
        view.setUint32(4, content.length, little)
        return [header, content]
      }),
    )
  }
  if (typeof value === 'string') return padded(ascii(value), representation === 'UI' ? '\0' : ' ')
  const numbers = typeof value === 'number' ? [value] : (value as readonly number[])
  const width = representation === 'FD' ? 8 : 2
  if (representation !== 'FD' && representation !== 'US') return padded(ascii(numbers.join('\\')))
  const bytes = new Uint8Array(width * numbers.length)
  const view = new DataView(bytes.buffer)
  for (const [i, number] of numbers.entries()) {
    if (width === 8) view.setFloat64(8 * i, number, little)
    else view.setUint16(2 * i, number, little)
  }
  return bytes
}

function padded(bytes: Uint8Array, padding = ' '): Uint8Array {
  return bytes.length % 2 === 0 ? bytes : joined([bytes, ascii(padding)])
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
