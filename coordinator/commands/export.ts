// `coordinator export`: a study's weights as a file that PyTorch and others read, and beside it where they come from.

import { copyFile, rename, writeFile } from 'node:fs/promises'
import { parseDigest } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { programVersion } from '../../shared/version.ts'
import type { CoordinatorHome } from '../home.ts'
import type { RunStatus } from '../status.ts'
import { openFileBlobs } from '../store/files.ts'

export interface ExportOptions {
  readonly out: string
  /** Weights after this stage, from 1; absent: the last that were published. */
  readonly stage?: number
}

/**
 * Writes weights and their provenance.
 * @returns a sentence on what was written.
 * @throws SequelaError `study_state` when nothing was published yet, `usage` for a bad name, `store_corrupt`.
 */
export async function exportStudy(home: CoordinatorHome, run: RunStatus, options: ExportOptions): Promise<string> {
  if (!options.out.endsWith('.safetensors')) throw new SequelaError('usage', '--out must end in .safetensors')
  const rounds = run.rounds.filter((round) => round.state === 'published')
  const stage = options.stage === undefined ? undefined : options.stage - 1
  const last = rounds.filter((round) => stage === undefined || round.stage === stage).at(-1)
  if (last?.weightsDigest === undefined) {
    throw new SequelaError(
      'study_state',
      `study ${run.study} has published no weights${stage === undefined ? '' : ` of stage ${stage + 1}`} yet`,
    )
  }
  const digest = parseDigest(last.weightsDigest)
  const blobs = await openFileBlobs({ folder: home.storeFolder, minFreeBytes: 0, readOnly: true })
  await blobs.verify(digest)
  const aside = `${options.out}.part`
  await copyFile(blobs.pathOf(digest) ?? '', aside)
  await rename(aside, options.out)
  const provenance = { programVersion, study: run.study, studyDigest: run.studyDigest, weightsDigest: digest, rounds }
  const note = options.out.replace(/\.safetensors$/, '.provenance.json')
  await writeFile(note, `${JSON.stringify(provenance, null, 2)}\n`)
  return `weights after stage ${last.stage + 1}, round ${last.round + 1}: ${options.out}\nwhere they come from: ${note}`
}
