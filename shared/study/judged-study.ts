// A study that judges the final weights of a finished one, made from that one's file and compared with it. It may have other
// sites, another round and other aims; whatever says what the model is, what it is shown, what it was asked and which children
// it was trained on must be the same, and so must the policy: with other cells the same children could be told apart.

import { Document, isCollection, isMap } from 'yaml'
import { canonicalJson } from '../canonical-json.ts'
import type { Digest } from '../digest.ts'
import { durationText } from './duration.ts'
import { recurrenceQuestionOf } from './recurrence-question.ts'
import type { FromStudy, Study, StudyFile } from './study.ts'
import { tasksOf } from './tasks.ts'

/** What must be as it was in training. */
const fixedFields = ['seed', 'model', 'pipeline', 'folds', 'training', 'strategy', 'policy'] as const
const fixedOfFrom = ['study', 'sites', 'tasks', 'horizonDays', 'events'] as const

/**
 * Why the study cannot judge the weights of `trained`, a sentence for each field; none where it can.
 * @param trained the study that `from.study` names
 */
export function judgingProblems(study: Study, trained: StudyFile): readonly string[] {
  const { from } = study
  if (from === undefined) return []
  const { study: original } = trained
  if (original.from !== undefined) {
    return [`from.study: ${original.study} trained nothing itself; name the study that did: ${original.from.study}`]
  }
  const said = { ...from, sites: from.sites.toSorted() }
  const meant = fromStudy(trained, from.weights)
  const compared = [
    ...fixedOfFrom.map((field) => [`from.${field}`, said[field], meant[field]] as const),
    ...fixedFields.map((field) => [field, study[field], original[field]] as const),
  ]
  return compared
    .map(([field, ours, theirs]) => ({ field, ours: spelled(ours), theirs: spelled(theirs) }))
    .filter(({ ours, theirs }) => ours !== theirs)
    .map(({ field, theirs }) => `${field}: in ${original.study}, whose weights are judged, it is ${theirs}`)
}

export interface JudgingOptions {
  /** Name of the study that judges. */
  readonly name: string
  readonly sites: readonly string[]
  /** The final weights of the study that has trained them. */
  readonly weights: Digest
}

/** The file of a study that judges those weights; what else it says is what the other said. */
export function judgingStudyText(trained: StudyFile, { name, sites, weights }: JudgingOptions): string {
  const { seed, model, pipeline, folds, training, strategy, round, policy, evaluation } = trained.study
  const quorum = Math.min(round.quorum, sites.length)
  const fields = {
    study: name,
    from: fromStudy(trained, weights),
    ...{ seed, model, pipeline, sites, folds, stages: [], evaluation: evaluation ?? {}, training, strategy },
    ...{ round: { quorum, deadline: durationText(round.deadlineMs) }, policy },
  }
  return `# Nothing is trained: the final weights of the study ${trained.study.study} are judged on children of these sites.\n${lineEach(fields)}`
}

/** YAML with a line for each field, as studies are written by hand. */
function lineEach(fields: Readonly<Record<string, unknown>>): string {
  const document = new Document(fields)
  for (const { value } of isMap(document.contents) ? document.contents.items : []) {
    if (isCollection(value)) value.flow = true
  }
  return document.toString({ lineWidth: 0 })
}

function fromStudy(trained: StudyFile, weights: Digest): FromStudy {
  const { study } = trained
  const question = recurrenceQuestionOf(study)
  return {
    study: trained.digest,
    weights,
    sites: study.sites.toSorted(),
    tasks: [...tasksOf(study)],
    horizonDays: question?.horizonDays ?? 0,
    ...(question?.events !== undefined && { events: [...question.events] }),
  }
}

function spelled(value: unknown): string {
  return value === undefined ? 'not said' : canonicalJson(value)
}
