// This site's own values of the parameters that a study leaves with each site. They are kept with the weights that they
// belong to: those that a round handed out, and the state after the site's latest training for whatever comes next. So a
// round that is done again starts from the same values, and weights that a stage chose again get the values of their time. A
// study that judges the weights of a finished one has the values that this site trained in that one.

import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../shared/digest.ts'
import type { AssignmentKey } from '../shared/protocol/assignment-id.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { personalPart, withPersonalPart } from '../shared/study/personal.ts'
import type { StudyFile } from '../shared/study/study.ts'
import { systemCode } from '../shared/system-code.ts'
import { allFinite } from '../shared/weights/arithmetic.ts'
import { decodeSafetensors, encodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { writeFileDurably } from './durable-file.ts'

export interface PersonalParameters {
  /**
   * Weights that a round hands out, with the site's own values in their place; as they came where the site has none yet.
   * @throws SequelaError `file_unreadable` when the site's own values are damaged; `study_state` where finished weights are judged and
   *   the site has trained none.
   */
  forRound(study: StudyFile, at: AssignmentKey & { readonly baseDigest: Digest }, base: Weights): Promise<Weights>
  /** Keeps what the site has trained in a round, for the rounds after it. On return it survives a power cut. */
  keep(study: StudyFile, at: AssignmentKey, trained: Weights): Promise<void>
  /** Published weights with the site's own values; undefined where the study leaves some here and the site has none. */
  forPrediction(study: StudyFile, digest: Digest, weights: Weights): Promise<Weights | undefined>
}

export function createPersonalParameters(folder: string): PersonalParameters {
  const folderOf = ({ study, digest }: StudyFile): string => join(folder, study.from?.study ?? digest)
  const read = async (study: StudyFile, name: string): Promise<Weights | undefined> => {
    const file = join(folderOf(study), `${name}.safetensors`)
    const unreadable = (why: string, cause: unknown): SequelaError =>
      new SequelaError(
        'file_unreadable',
        `${file}, this site's own part of the model, ${why}; restore it from a backup`,
        {
          cause,
        },
      )
    const content = await readFile(file).catch((cause: unknown) => {
      if (systemCode(cause) === 'ENOENT') return undefined
      throw unreadable(`cannot be read (${systemCode(cause)})`, cause)
    })
    if (content === undefined) return undefined
    try {
      const values = decodeSafetensors(content)
      if (allFinite(values.values)) return values
    } catch (cause) {
      throw unreadable('is damaged', cause)
    }
    throw unreadable('is damaged', undefined)
  }
  const write = async (study: StudyFile, name: string, values: Weights): Promise<void> => {
    await mkdir(folderOf(study), { recursive: true, mode: 0o700 })
    await writeFileDurably(join(folderOf(study), `${name}.safetensors`), encodeSafetensors(values))
  }
  /** What the latest round before `at` left; without `at`, the latest of all. */
  const latest = async (study: StudyFile, at?: AssignmentKey): Promise<Weights | undefined> => {
    const names = await readdir(folderOf(study)).catch(() => [])
    const limit = at === undefined ? undefined : roundName(at)
    const earlier = names.flatMap((name) => {
      const found = /^(after-\d{2}-\d{5})\.safetensors$/.exec(name)?.[1]
      return found !== undefined && (limit === undefined || found < limit) ? [found] : []
    })
    const last = earlier.sort().at(-1)
    return last === undefined ? undefined : read(study, last)
  }

  /** What belongs to weights with which a study has ended. */
  const ofFinished = async (study: StudyFile, digest: Digest): Promise<Weights | undefined> =>
    (await read(study, `with-${digest}`)) ?? latest(study)

  return {
    forRound: async (study, at, base) => {
      if (personalOf(study).length === 0) return base
      if (study.study.from !== undefined) {
        const own = await ofFinished(study, at.baseDigest)
        if (own !== undefined) return withPersonalPart(base, own)
        const message = `the study leaves ${personalOf(study).join(', ')} with each site and this site has trained none of its own`
        throw new SequelaError('study_state', `${message}; it has no weights that could be judged`)
      }
      const known = await read(study, `with-${at.baseDigest}`)
      const own = known ?? (await latest(study, at))
      if (own === undefined) return base
      if (known === undefined) await write(study, `with-${at.baseDigest}`, own)
      return withPersonalPart(base, own)
    },
    keep: async (study, at, trained) => {
      if (personalOf(study).length > 0) await write(study, roundName(at), personalPart(trained, personalOf(study)))
    },
    forPrediction: async (study, digest, weights) => {
      if (personalOf(study).length === 0) return weights
      const own = await ofFinished(study, digest)
      return own && withPersonalPart(weights, own)
    },
  }
}

function personalOf({ study }: StudyFile): readonly string[] {
  return study.training.personal ?? []
}

/** Names sort in the order of rounds: a study has at most 20 stages of 10,000 rounds. */
function roundName({ stage, round }: AssignmentKey): string {
  return `after-${String(stage).padStart(2, '0')}-${String(round).padStart(5, '0')}`
}
