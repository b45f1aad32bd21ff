import { expect, test } from 'vitest'
import { sha256 } from '../digest.ts'
import { parseStudy } from './study.ts'
import { studyText } from './study-text.ts'
import { exampleStudyText } from './testsupport/example-study.ts'

const written = (encoding: BufferEncoding): Buffer => Buffer.from(`${exampleStudyText}# für Zürich\n`, encoding)
const lines = exampleStudyText.split('\n').length

test.each([
  ['with letters beyond ASCII', written('utf8')],
  [
    'with a byte order mark, as some editors write it',
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), written('utf8')]),
  ],
  ['with the letter that stands for an unknown one', Buffer.from(`${exampleStudyText}# \ufffd\n`)],
])('the digest of a study file %s is that of its bytes', (_, bytes) => {
  expect(parseStudy(studyText(bytes)).digest).toBe(sha256(bytes))
})

test.each([
  ['in Latin-1', written('latin1'), lines],
  ['in UTF-16, as Windows calls Unicode', Buffer.concat([Buffer.from([0xff, 0xfe]), written('utf16le')]), 1],
  ['cut off within a letter', written('utf8').subarray(0, written('utf8').indexOf('ü') + 1), lines],
])('a study file %s is refused, as its digest would be that of other bytes', (_, bytes, line) => {
  const message = expect.stringContaining(`not UTF-8: line ${line} `)
  expect(() => studyText(bytes)).toThrow(expect.objectContaining({ code: 'study_invalid', message }))
})
