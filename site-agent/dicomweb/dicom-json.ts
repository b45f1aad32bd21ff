// DICOM in JSON (PS3.18 annex F), as a PACS describes studies, series and images: the same attributes as in a file.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { allNumbers, type Fields, parseDecimalString } from '../dicom/fields.ts'
import type { identifying } from '../dicom/tags.ts'

/** The data sets of an answer. @throws SequelaError `message_malformed`. */
export function parseDicomJson(text: string): readonly Fields[] {
  if (text.trim() === '') return []
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw malformed('it is not JSON', cause)
  }
  if (!Array.isArray(value)) throw malformed('it is not a list')
  return value.map((item) => {
    if (!isRecord(item)) throw malformed('an entry is not an object')
    return fieldsOf(item)
  })
}

/** A UID that may stand in an address. @throws SequelaError `message_malformed`. */
export function uidIn(fields: Fields, tag: typeof identifying.studyUid): string {
  const uid = fields.texts(tag)[0] ?? ''
  if (!/^[0-9.]{1,64}$/.test(uid)) throw malformed('an entry has no UID')
  return uid
}

function fieldsOf(dataSet: Readonly<Record<string, unknown>>): Fields {
  const values = (hex: string): readonly unknown[] => {
    const attribute = dataSet[hex.toUpperCase()] ?? dataSet[hex]
    const found = isRecord(attribute) ? attribute.Value : undefined
    return Array.isArray(found) ? found : []
  }
  return {
    texts: ({ hex }) => {
      const texts = values(hex).map((value) =>
        typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '',
      )
      return texts.some((text) => text !== '') ? texts : []
    },
    numbers: ({ hex }) =>
      allNumbers(
        values(hex).map((value) =>
          typeof value === 'number' ? value : typeof value === 'string' ? parseDecimalString(value) : undefined,
        ),
      ),
    items: ({ hex }) => values(hex).flatMap((value) => (isRecord(value) ? [fieldsOf(value)] : [])),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(reason: string, cause?: unknown): SequelaError {
  return new SequelaError('message_malformed', `The PACS sent an answer that cannot be understood: ${reason}.`, {
    cause,
  })
}
