// The studies that a coordinator offers this site: texts, each named by the digest that is computed here. One that this
// version cannot read, of a later version perhaps, is told with its reason and stands in no other's way.

import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { peerText } from '../../shared/protocol/wire.ts'
import { studyInWords } from '../../shared/study/in-words.ts'
import { parseStudy, type StudyFile } from '../../shared/study/study.ts'

/**
 * The one whose digest begins with `digits`.
 * @throws SequelaError `study_unknown` when there is none, or several; `study_invalid` when this version cannot read it
 */
export function studyAmong(texts: readonly string[], digits: string): StudyFile {
  const [text, another] = texts.filter((one) => sha256(one).startsWith(digits))
  if (text === undefined || another !== undefined) {
    const known = texts.map((one) => `${shortDigest(one)} ${nameOf(one)}`).join(', ') || 'none'
    throw new SequelaError(
      'study_unknown',
      `"${digits}" names ${another === undefined ? 'no study' : 'several studies'} of this site; there are: ${known}`,
    )
  }
  const read = readOffered(text)
  if (read.study !== undefined) return read.study
  throw new SequelaError('study_invalid', unreadableInWords(text, read.reason))
}

/** All of them, and whether each is approved here. */
export function offeredInWords(texts: readonly string[], approved: ReadonlySet<Digest>): string {
  if (texts.length === 0) return 'No study lists this site yet.'
  return texts
    .map((text) => {
      const { study, reason } = readOffered(text)
      if (study === undefined) return `${unreadableInWords(text, reason)}\n`
      return `${studyInWords(study)}\n  ${approved.has(study.digest) ? 'approved' : 'NOT approved'} here\n`
    })
    .join('\n')
}

type ReadStudy =
  | { readonly study: StudyFile; readonly reason?: undefined }
  | { readonly study?: undefined; readonly reason: string }

function readOffered(text: string): ReadStudy {
  try {
    return { study: parseStudy(text) }
  } catch (error) {
    if (error instanceof SequelaError) return { reason: error.message }
    throw error
  }
}

/** The reason may quote the text, which is the coordinator's. */
function unreadableInWords(text: string, reason: string): string {
  const lines = reason.split('\n').map((line) => `  ${peerText(line)}`)
  const what = `Study ${shortDigest(text)} cannot be read by this version; if it is of a later one, update this program:`
  return [what, ...lines].join('\n')
}

function nameOf(text: string): string {
  return readOffered(text).study?.study.study ?? '(which this version cannot read)'
}

function shortDigest(text: string): string {
  return sha256(text).slice(0, 12)
}
