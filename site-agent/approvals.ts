// Which studies this hospital has agreed to: the exact text of each approved study file, under its digest.
// Without an approval the agent declines every assignment of a study.

import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, sha256 } from '../shared/digest.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { parseNewStudy, parseStudy, type StudyFile } from '../shared/study/study.ts'
import { writeFileDurably } from './durable-file.ts'

export interface Approvals {
  /** @throws SequelaError `study_invalid` for what no new study may ask: a coordinator of an earlier version may still offer it. */
  approve(study: StudyFile): Promise<void>
  /** In the order in which they were approved, the latest last. */
  list(): Promise<readonly StudyFile[]>
  /** @throws SequelaError `not_approved`. */
  find(digest: Digest): Promise<StudyFile>
}

export function createApprovals(folder: string): Approvals {
  const list = async (): Promise<readonly StudyFile[]> => {
    const names = await readdir(folder).catch(() => [])
    const files = names.filter((name) => /^[0-9a-f]{64}\.yaml$/.test(name))
    const dated = await Promise.all(
      files.map(async (name) => ({ name, writtenMs: (await stat(join(folder, name))).mtimeMs })),
    )
    const inOrder = dated.toSorted((a, b) => a.writtenMs - b.writtenMs || (a.name < b.name ? -1 : 1))
    return Promise.all(inOrder.map(({ name }) => readApproved(join(folder, name), name.slice(0, 64))))
  }
  return {
    approve: async ({ text }) => {
      const { digest } = parseNewStudy(text)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFileDurably(join(folder, `${digest}.yaml`), text)
    },
    list,
    find: async (digest) => {
      const study = (await list()).find((candidate) => candidate.digest === digest)
      if (study !== undefined) return study
      throw new SequelaError(
        'not_approved',
        `study ${digest} is not approved here; read it with: site approve ${digest}`,
      )
    },
  }
}

async function readApproved(file: string, digest: string): Promise<StudyFile> {
  const text = await readFile(file, 'utf8')
  if (sha256(text) !== digest) {
    throw new SequelaError('digest_mismatch', `${file} was changed after it was approved; delete it and approve again`)
  }
  return parseStudy(text)
}
