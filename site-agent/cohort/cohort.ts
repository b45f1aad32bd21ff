// A hospital's cohort: its children as a study sees them, before any image is opened. Each child has its scans in order
// of time with a label at each, and everything that is not used has a finding that says why.

import type { Chart, Scanner } from '../../shared/cohort/chart.ts'
import { type ChildOutcome, eventTypes, type FollowUp } from '../../shared/cohort/outcome.ts'
import { sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type Fold, foldOf } from '../../shared/study/folds.ts'
import { type RecurrenceQuestion, recurrenceQuestionOf } from '../../shared/study/recurrence-question.ts'
import { channelsOf, type SequenceName } from '../../shared/study/sequences.ts'
import type { Study, Task } from '../../shared/study/study.ts'
import { tasksOf } from '../../shared/study/tasks.ts'
import { mapBounded } from './bounded-map.ts'
import { readChildScans } from './child-scans.ts'
import type { Dataset } from './dataset.ts'
import { type Elsewhere, elsewhereFindings, nowhereElse } from './elsewhere.ts'
import { type Exclusions, exclusionSentence, noExclusions } from './exclusions.ts'
import { type Finding, fewOf } from './finding.ts'
import { readLinkageIds } from './linkage-table.ts'
import { type DataLayout, openDataset } from './open-dataset.ts'

export interface CohortImage {
  /** Below the data folder. */
  readonly path: string
  /** Where it really lies. */
  readonly file: string
  /** Of which sequence it is; absent for arrays. */
  readonly sequence?: string
}

/** One visit's image; of several the first that is there. */
export interface CohortScan extends CohortImage {
  readonly session: string
  /** Where the study shows several sequences at once: the image of each, in its order, with those that are missing. */
  readonly channels?: readonly (CohortImage | undefined)[]
  /** Since the index surgery, or since the child's first scan where the surgery is not known. */
  readonly day: number
  /** What is known after this visit; null when it is no landmark. */
  readonly followUp: FollowUp | null
  /** The same within the study's horizon: 1 event, 0 none, null undecided. */
  readonly label: 0 | 1 | null
  readonly scanner: Scanner | undefined
}

export interface CohortChild {
  /** The hospital's own id, `sub-X`; it goes no further than this machine's screen. */
  readonly participant: string
  /** Stable, and meaningless outside. */
  readonly key: string
  readonly fold: Fold
  /** Visits with a folder, used or not. */
  readonly visits: number
  /** In order of time; at least one. */
  readonly scans: readonly CohortScan[]
  readonly outcome: ChildOutcome | undefined
  readonly chart: Chart
}

export interface Cohort {
  readonly site: string
  readonly study: string
  readonly tasks: readonly Task[]
  /** Of the recurrence stages, or of the weights that are judged; undefined when the study has none. */
  readonly question: RecurrenceQuestion | undefined
  readonly policy: Pick<Study['policy'], 'minChildren' | 'minCell'>
  /** Whether the study ends with an evaluation. */
  readonly evaluates: boolean
  /** The sequences that the study shows at once, in its order; absent where a visit is shown in one image. */
  readonly channels?: readonly SequenceName[]
  /** By participant. */
  readonly children: readonly CohortChild[]
  readonly found: { readonly children: number; readonly visits: number }
  /**
   * Identifiers that hospitals share, of the children that are used; absent where the study looks for none or the site has no
   * table of them.
   */
  readonly identifiers?: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
}

export interface CohortRequest {
  /** The data folder. */
  readonly root: string
  readonly study: Study
  readonly site: string
  /** What the site's settings say of the folder. */
  readonly layout?: DataLayout
  /** What people took out by hand. */
  readonly exclusions?: Exclusions
  /**
   * Children that another hospital has too. Absent where the cohort is not to take part in the study: then nobody looks for
   * such children, and the table of identifiers stays closed.
   */
  readonly elsewhere?: Elsewhere
}

/** Folders on a network answer slowly; a few at once hide that. */
const childrenAtOnce = 8

/** Dates are to be shifted to this year or earlier, so that a reader sees that they are shifted (BIDS). */
const lastShiftedYear = 1925

/**
 * Reads tables and names; opens no image.
 * @throws SequelaError `file_unreadable`, `table_invalid`, `cohort_empty` as `openDataset`; `study_invalid`
 */
export async function loadCohort({
  root,
  study,
  site,
  layout = {},
  exclusions = noExclusions,
  elsewhere,
}: CohortRequest): Promise<Cohort> {
  const question = recurrenceQuestionOf(study)
  const dataset = await openDataset(root, layout)
  refuseUndefinedEvents(dataset, question)
  const read = await mapBounded(dataset.participants, childrenAtOnce, (participant) =>
    loadChild({ dataset, exclusions, study, question }, participant),
  )
  const looksElsewhere = study.policy.linkage !== undefined && elsewhere !== undefined
  const table = looksElsewhere ? layout.tables?.linkage : undefined
  const links = table && (await readLinkageIds(dataset.folder, table, dataset.participants))
  const held = new Set([...(elsewhere?.held ?? []), ...(links?.held ?? [])])
  const children = read.flatMap(({ participant, visits, scans, outcome }): CohortChild[] => {
    if (scans.length === 0 || held.has(participant)) return []
    const fold = foldOf(study, site, participant)
    return [
      {
        participant,
        key: childKey(study, site, participant),
        fold,
        visits,
        scans,
        outcome,
        chart: dataset.chartOf(participant),
      },
    ]
  })
  const channels = channelsOf(study.pipeline)
  return {
    site,
    study: study.study,
    tasks: [...new Set(tasksOf(study))],
    question,
    policy: { minChildren: study.policy.minChildren, minCell: study.policy.minCell },
    evaluates: study.evaluation !== undefined,
    ...(channels === undefined ? {} : { channels }),
    children,
    found: { children: dataset.found, visits: read.reduce((sum, { visits }) => sum + visits, 0) },
    ...(links !== undefined && { identifiers: ofChildren(links.ids, children) }),
    findings: [
      ...dataset.findings,
      ...(links?.findings ?? []),
      ...elsewhereFindings(elsewhere ?? nowhereElse, new Set(dataset.participants)),
      ...read.flatMap(({ findings }) => findings),
      ...dateFindings(read),
    ],
  }
}

/**
 * A child's name inside this site's training. It is made from the id rather than drawn, because the order and the
 * augmentation of children hang on it and a run must be repeatable; it is no secret and never leaves the site.
 */
function childKey(study: Study, site: string, participant: string): string {
  return sha256(`sequela child\n${study.seed}\n${site}\n${participant}`).slice(0, 16)
}

function ofChildren(ids: ReadonlyMap<string, string>, children: readonly CohortChild[]): ReadonlyMap<string, string> {
  const used = new Set(children.map(({ participant }) => participant))
  return new Map([...ids].filter(([child]) => used.has(child)))
}

/** A table with deaths or second tumours means nothing until the study says which types are its event. */
function refuseUndefinedEvents({ outcomes, outcomeTable }: Dataset, question: RecurrenceQuestion | undefined): void {
  if (question === undefined || question.events !== undefined) return
  const found = new Set([...outcomes.values()].flatMap((row) => ('eventType' in row ? [row.eventType] : [])))
  const doubtful = eventTypes.filter((type) => found.has(type) && type !== 'recurrence' && type !== 'progression')
  if (doubtful.length === 0) return
  const message =
    `${outcomeTable} has events of type ${doubtful.join(' and ')}, and the study does not say which types count; ` +
    'its recurrence stages must name them, such as events: [recurrence, progression]'
  throw new SequelaError('study_invalid', message)
}

interface Loading {
  readonly dataset: Dataset
  readonly exclusions: Exclusions
  readonly study: Study
  readonly question: RecurrenceQuestion | undefined
}

async function loadChild({ dataset, exclusions, study, question }: Loading, participant: string) {
  const child = await dataset.readChild(participant)
  const whole = exclusions.get(participant)
  if (whole !== undefined) {
    const sentence = exclusionSentence(whole)
    const held: Finding = { holds: 'child', rule: 'excluded', child: participant, sentence }
    const nothing = { scans: [], outcome: undefined, lastYear: undefined }
    return { participant, visits: child.visits.length, ...nothing, findings: [held] }
  }
  const { scans, outcome, findings, lastYear } = await readChildScans({
    folder: dataset.folder,
    outcomeTable: dataset.outcomeTable,
    child,
    exclusions,
    pipeline: study.pipeline,
    outcome: dataset.outcomes.get(participant),
    question,
  })
  return {
    participant,
    visits: child.visits.length,
    scans,
    outcome,
    lastYear,
    findings: [...child.findings, ...findings],
  }
}

function dateFindings(children: readonly { readonly participant: string; readonly lastYear: number | undefined }[]) {
  const recent = children.filter(({ lastYear }) => lastYear !== undefined && lastYear > lastShiftedYear)
  if (recent.length === 0) return []
  const sentence =
    `the dates of ${fewOf(recent.map(({ participant }) => participant))} lie after ${lastShiftedYear} and look like real ones. ` +
    'Dates never leave this site; BIDS still asks for dates that are shifted by one offset a child.'
  return [{ holds: 'nothing', rule: 'real-dates', sentence }] as const
}
