// Weights that the coordinator exported, taken in only when everything about them fits: the bytes to their note of origin,
// the note to a study that this hospital approved, the parameters to that study's model.

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { type Digest, sha256 } from '../shared/digest.ts'
import { digestSchema } from '../shared/digest-schema.ts'
import { modelManifest } from '../shared/model/parameters.ts'
import type { AssignmentKey } from '../shared/protocol/assignment-id.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { modelOf } from '../shared/study/model-of.ts'
import type { StudyFile } from '../shared/study/study.ts'
import { systemCode } from '../shared/system-code.ts'
import { allFinite } from '../shared/weights/arithmetic.ts'
import { decodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { createApprovals } from './approvals.ts'
import type { SiteHome } from './home.ts'
import { createPersonalParameters } from './personal-parameters.ts'

export interface ExportedModel {
  readonly weights: Weights
  readonly digest: Digest
  /** The study that trained them, or judged them. */
  readonly study: StudyFile
  /** Which site was heard in which round, up to the export. */
  readonly heard: readonly HeardSite[]
}

/** A site whose update, or word on how weights do, counted in a round. */
export interface HeardSite extends Pick<AssignmentKey, 'studyDigest' | 'stage' | 'round'> {
  readonly site: string
}

const originSchema = z.object({
  studyDigest: digestSchema,
  weightsDigest: z.string(),
  rounds: z.array(
    z.object({
      /** Of the study that trained, where the one above judges its weights. */
      studyDigest: digestSchema.optional(),
      task: z.string(),
      stage: z.int(),
      round: z.int(),
      weightsDigest: z.string().optional(),
      sites: z.array(z.object({ site: z.string(), outcome: z.string() })),
    }),
  ),
})

/**
 * Reads weights that know a risk of recurrence.
 * @param file a .safetensors file with its .provenance.json beside it, as `coordinator export` writes them
 * @throws SequelaError `usage`, `file_unreadable`, `digest_mismatch`, `not_approved`, `study_state`, `weights_malformed`,
 *   `shape_mismatch`, `not_finite`.
 */
export async function readExportedModel(home: SiteHome, file: string): Promise<ExportedModel> {
  const content = await read(file)
  const digest = sha256(content)
  const note = file.replace(/\.safetensors$/, '.provenance.json')
  if (note === file) throw new SequelaError('usage', '--weights must name a .safetensors file')
  const origin = originSchema.safeParse(jsonOf(await read(note)))
  if (!origin.success) throw new SequelaError('file_unreadable', `${note} is not a note that coordinator export writes`)
  const { studyDigest, weightsDigest, rounds } = origin.data
  if (weightsDigest !== digest) {
    throw new SequelaError('digest_mismatch', `${file} is not what ${note} speaks of; export both again`)
  }
  const study = await createApprovals(home.approvalsFolder).find(studyDigest)
  const last = rounds.findLast((round) => round.weightsDigest === weightsDigest && round.task !== 'evaluation')
  if (last?.task !== 'recurrence') {
    throw new SequelaError(
      'study_state',
      'these weights were published before recurrence was learnt; they know no risk',
    )
  }
  const weights = decodeSafetensors(content)
  if (JSON.stringify(weights.manifest) !== JSON.stringify(modelManifest(modelOf(study.study)))) {
    throw new SequelaError('shape_mismatch', `${file} does not hold the parameters of the study's model`)
  }
  if (!allFinite(weights.values))
    throw new SequelaError('not_finite', `${file} holds values that are not finite numbers`)
  const own = await createPersonalParameters(home.personalFolder).forPrediction(study, digest, weights)
  if (own === undefined) {
    throw new SequelaError(
      'study_state',
      `the study leaves ${study.study.training.personal?.join(', ')} with each site and this site has trained none of its own; ` +
        'its risks would be those of a network that has learnt nothing',
    )
  }
  const heard = rounds.flatMap(({ studyDigest: of = studyDigest, stage, round, sites }) =>
    sites.flatMap(({ site, outcome }) =>
      outcome === 'counted' || outcome === 'evaluated' ? [{ site, studyDigest: of, stage, round }] : [],
    ),
  )
  return { weights: own, digest, study, heard }
}

async function read(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    const code = systemCode(cause)
    throw new SequelaError('file_unreadable', `${file} cannot be read (${code})`, { cause })
  })
}

function jsonOf(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    return undefined
  }
}
