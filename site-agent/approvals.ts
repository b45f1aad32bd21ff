// Which studies this hospital has agreed to: the exact text of each approved study file, under its digest.
// Without an approval the agent declines every assignment of a study.

import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, parseDigest, sha256 } from '../shared/digest.ts'
import { type ErrorCode, SequelaError } from '../shared/protocol/errors.ts'
import { judgingProblems } from '../shared/study/judged-study.ts'
import { parseNewStudy, parseStudy, type Study, type StudyFile } from '../shared/study/study.ts'
import { systemCode } from '../shared/system-code.ts'
import { writeFileDurably } from './durable-file.ts'

export interface Approvals {
  /**
   * @throws SequelaError `study_invalid` for what no new study may ask, as a coordinator of an earlier version may still offer it, and
   *   for one that judges weights otherwise than this hospital approved their training; or why that approval cannot be read.
   */
  approve(study: StudyFile): Promise<void>
  list(): Promise<ApprovedStudies>
  /** @throws SequelaError `not_approved`, or why this one cannot be read. */
  find(digest: Digest): Promise<StudyFile>
}

export interface ApprovedStudies {
  /** In the order in which they were approved, the latest last. */
  readonly studies: readonly StudyFile[]
  /** Approved, and of no use until a person has seen to it; they stand in no other's way. */
  readonly unreadable: readonly UnreadableApproval[]
}

/** An approval that was changed, or whose study this version cannot read; `reason` says what to do. */
export interface UnreadableApproval {
  readonly digest: Digest
  readonly code: ErrorCode
  readonly reason: string
}

export function createApprovals(folder: string): Approvals {
  const fileOf = (digest: Digest): string => join(folder, `${digest}.yaml`)
  return {
    approve: async ({ text }) => {
      const { digest, study } = parseNewStudy(text)
      await requireJudgingAsTrained(study, fileOf)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFileDurably(fileOf(digest), text)
    },
    list: async () => {
      const names = await readdir(folder).catch(() => [])
      const digests = names.flatMap((name) =>
        /^[0-9a-f]{64}\.yaml$/.test(name) ? [parseDigest(name.slice(0, 64))] : [],
      )
      const read = await Promise.all(digests.map((digest) => readDated(fileOf(digest), digest)))
      const inOrder = read.toSorted((a, b) => a.writtenMs - b.writtenMs || (a.digest < b.digest ? -1 : 1))
      return {
        studies: inOrder.flatMap((one) => ('study' in one ? [one.study] : [])),
        unreadable: inOrder.flatMap((one) =>
          'study' in one ? [] : [{ digest: one.digest, code: one.code, reason: one.reason }],
        ),
      }
    },
    find: (digest) => readApproved(fileOf(digest), digest),
  }
}

/** What this hospital trained on stands in its own approval, so that nobody has to be believed which of its children were for that. */
async function requireJudgingAsTrained(study: Study, fileOf: (digest: Digest) => string): Promise<void> {
  if (study.from === undefined) return
  const trained = await readApproved(fileOf(study.from.study), study.from.study).catch((error: unknown) => {
    if (SequelaError.from(error).code === 'not_approved') return undefined
    throw error
  })
  const problems = trained === undefined ? [] : judgingProblems(study, trained)
  if (problems.length === 0) return
  const message = `the study is not what this hospital approved when it was trained:\n  ${problems.join('\n  ')}`
  throw new SequelaError('study_invalid', message)
}

type DatedApproval = { readonly digest: Digest; readonly writtenMs: number } & (
  | { readonly study: StudyFile }
  | Omit<UnreadableApproval, 'digest'>
)

async function readDated(file: string, digest: Digest): Promise<DatedApproval> {
  const writtenMs = await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
  try {
    return { digest, writtenMs, study: await readApproved(file, digest) }
  } catch (error) {
    const { code, message: reason } = SequelaError.from(error)
    return { digest, writtenMs, code, reason }
  }
}

async function readApproved(file: string, digest: Digest): Promise<StudyFile> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const code = systemCode(cause)
    if (code === 'ENOENT') {
      throw new SequelaError(
        'not_approved',
        `study ${digest} is not approved here; read it with: site approve ${digest}`,
      )
    }
    throw new SequelaError('file_unreadable', `the approval ${file} cannot be read (${code})`, { cause })
  })
  if (sha256(text) !== digest) {
    throw new SequelaError('digest_mismatch', `${file} was changed after it was approved; delete it and approve again`)
  }
  try {
    return parseStudy(text)
  } catch (cause) {
    const { code, message } = SequelaError.from(cause)
    const what = `the approved study ${file} cannot be read by this version; if it is of a later one, update this program`
    throw new SequelaError(code, `${what}: ${message}`, { cause })
  }
}
