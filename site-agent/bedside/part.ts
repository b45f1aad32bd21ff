// What part a child had in the making of a model: trained on, of those it was chosen by, or new to it. The fold alone does not
// tell, since a child that comes to the hospital after the training has one too; the site's record of who took part does.
// Where rounds are missing from that record, a child whose fold could have been in them is not called new.

import type { AssignmentKey } from '../../shared/protocol/assignment-id.ts'
import type { Fold } from '../../shared/study/folds.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import type { CohortChild } from '../cohort/cohort.ts'
import type { EgressRecord } from '../egress-record.ts'
import type { HeardSite } from '../exported-model.ts'
import type { ParticipationEntry } from '../participation.ts'

/**
 * `train`, `validation`: the record names the child. `test`: the study keeps it out of both. `new`: it took no part here.
 * `perhaps-`: a round of this site is not in the record, and the child's fold would have been used in it.
 * `elsewhere`: another hospital keeps it in the study, in a fold that nobody here knows.
 */
export type Part = Fold | 'new' | 'perhaps-train' | 'perhaps-validation' | 'elsewhere'

/** What a site knows of its part in a study. */
export interface SitePart {
  /** Whether it took part in any round. */
  readonly tookPart: boolean
  /** Whether the record names the children of every round that it took part in. */
  readonly isWhole: boolean
  /** Keys of children that were trained on in any round, be it after the one whose weights are asked. */
  readonly trained: ReadonlySet<string>
  readonly validated: ReadonlySet<string>
}

/**
 * A record that was lost, or lies in a home that is older than the last round, is found out by what else tells of rounds: the
 * record of what left, and the note beside the weights, which the coordinator wrote.
 */
export function sitePart(known: {
  readonly site: string
  readonly study: StudyFile
  readonly entries: readonly ParticipationEntry[]
  readonly egress: readonly EgressRecord[]
  readonly heard: readonly HeardSite[]
}): SitePart {
  const { site, study } = known
  /** Weights that a study judges were made in another. */
  const studies = new Set<string | undefined>([study.digest, study.study.from?.study])
  const entries = known.entries.filter((entry) => studies.has(entry.study) && entry.site === site)
  const rounds = new Set(entries.map((entry) => roundName(entry.study, entry)))
  const left = known.egress.flatMap((record) =>
    'stage' in record && sealedKinds.has(record.kind) && studies.has(record.study)
      ? [roundName(record.study, record)]
      : [],
  )
  const counted = known.heard.flatMap((heard) => (heard.site === site ? [roundName(heard.studyDigest, heard)] : []))
  return {
    tookPart: rounds.size + left.length + counted.length > 0,
    isWhole: [...left, ...counted].every((round) => rounds.has(round)),
    trained: new Set(entries.flatMap(({ trained }) => trained)),
    validated: new Set(entries.flatMap(({ validated }) => validated)),
  }
}

/** What children stand behind. */
const sealedKinds: ReadonlySet<EgressRecord['kind']> = new Set(['update-sealed', 'evaluation-sealed', 'answer-sealed'])

function roundName(study: string, { stage, round }: Pick<AssignmentKey, 'stage' | 'round'>): string {
  return `${study}/${stage}/${round}`
}

/** The part of a child that no other hospital keeps. */
export function partOf({ key, fold }: Pick<CohortChild, 'key' | 'fold'>, site: SitePart): Part {
  if (site.trained.has(key)) return 'train'
  if (site.validated.has(key)) return 'validation'
  if (!site.tookPart) return 'new'
  if (fold === 'test') return 'test'
  return site.isWhole ? 'new' : `perhaps-${fold}`
}

/** In a word or two, in the place of a fold. */
export const partWords: Readonly<Record<Part, string>> = {
  train: 'train',
  validation: 'validation',
  test: 'test',
  new: 'new',
  'perhaps-train': 'perhaps train',
  'perhaps-validation': 'perhaps validation',
  elsewhere: 'elsewhere',
}

/** What is said of a child that the model was not trained on. */
export const untrainedWords: Readonly<Partial<Record<Part, string>>> = {
  new: 'This child is new to the model: it took no part in the training at this hospital.',
  test: 'The model was not trained on this child: the study keeps it for the test.',
}
