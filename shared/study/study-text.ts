// The bytes of a study file as text. The digest is taken of the text, and a site approves it as that of the file's bytes;
// so a byte that cannot be told, which a lenient reader replaces without a word, is refused.

import { SequelaError } from '../protocol/errors.ts'

/**
 * The text of a study file, which is in UTF-8 these very bytes.
 * @throws SequelaError `study_invalid` naming the first line that is not UTF-8.
 */
export function studyText(bytes: Uint8Array): string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = file.toString('utf8')
  const again = Buffer.from(text)
  if (again.equals(file)) return text
  const at = file.findIndex((byte, i) => byte !== again[i])
  const line = file.subarray(0, at).filter((byte) => byte === newline).byteLength + 1
  const message = `the study file is not UTF-8: line ${line} holds a letter in another encoding (Latin-1 perhaps)`
  throw new SequelaError('study_invalid', `${message}; save the file as UTF-8`)
}

const newline = 0x0a
