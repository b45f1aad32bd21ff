// What `site check-data` counts: how much of a hospital's data a study can use, for what, and what is held back.

import { eventTypes } from '../../shared/cohort/outcome.ts'
import type { Fold } from '../../shared/study/folds.ts'
import type { Task } from '../../shared/study/study.ts'
import type { Cohort, CohortChild } from './cohort.ts'
import type { Finding } from './finding.ts'
import { type MaskAgreement, maskAgreement } from './mask-agreement.ts'
import type { PreparedCohort } from './prepare-cohort.ts'
import type { SequenceCount } from './sequence-counts.ts'
import { canTrain } from './usability.ts'

const folds: readonly Fold[] = ['train', 'validation', 'test']
const judgedFolds = ['validation', 'test'] as const

/** One child that is used. */
export interface CheckedChild {
  readonly child: string
  readonly fold: Fold
  /** Visits with a folder. */
  readonly visits: number
  /** Scans used, in order of time. */
  readonly scans: readonly { readonly visit: string; readonly day: number; readonly label: 0 | 1 | null }[]
  readonly tasks: readonly Task[]
}

/** Children of a fold with a visit that is followed by an event within the horizon, and with one that is not; some have both. */
export interface DecidedChildren {
  readonly event: number
  readonly none: number
}

/** Everything is about single children or counts of them, and stays at the site. */
export interface CheckReport {
  readonly site: string
  readonly study: string
  readonly horizonDays: number | null
  readonly children: { readonly found: number; readonly used: number }
  readonly visits: { readonly found: number; readonly used: number }
  /** Of the visits used, where the study shows several sequences at once; else empty. */
  readonly sequences: readonly SequenceCount[]
  /** Of every image that could be prepared; absent where no network finds the brain. */
  readonly maskAgreement?: MaskAgreement
  readonly usable: readonly { readonly task: Task; readonly children: Readonly<Record<Fold, number>> }[]
  readonly outcomes: {
    readonly children: number
    readonly events: Readonly<Record<string, number>>
    readonly treatmentChanges: number
    readonly medianFollowUpDays: number | null
  }
  /** Scans used, by whether an event falls within the horizon. */
  readonly landmarks: { readonly event: number; readonly none: number; readonly undecided: number }
  /** Whom an evaluation would judge; absent where the study has none. */
  readonly evaluated?: Readonly<Record<(typeof judgedFolds)[number], DecidedChildren>>
  /** What this means for taking part, in sentences. */
  readonly advice: readonly string[]
  readonly used: readonly CheckedChild[]
  readonly findings: readonly Finding[]
}

export function checkReport(cohort: Cohort, prepared: PreparedCohort): CheckReport {
  const { used } = prepared
  const agreement = maskAgreement(prepared)
  const labels = used.flatMap(({ scans }) => scans.map(({ label }) => label))
  const count = (wanted: 0 | 1 | null): number => labels.filter((label) => label === wanted).length
  const usable = cohort.tasks.map((task) => ({
    task,
    children: byFold(used.filter(({ scans }) => canTrain(task, scans, cohort.question))),
  }))
  const evaluated = cohort.evaluates
    ? { validation: decidedIn(used, 'validation'), test: decidedIn(used, 'test') }
    : undefined
  return {
    site: cohort.site,
    study: cohort.study,
    horizonDays: cohort.question?.horizonDays ?? null,
    children: { found: cohort.found.children, used: used.length },
    visits: { found: cohort.found.visits, used: labels.length },
    sequences: prepared.sequences,
    ...(agreement === undefined ? {} : { maskAgreement: agreement }),
    usable,
    outcomes: outcomesOf(used),
    landmarks: { event: count(1), none: count(0), undecided: count(null) },
    ...(evaluated !== undefined && { evaluated }),
    advice: [...adviceFor(cohort, usable), ...(evaluated === undefined ? [] : evaluationAdvice(cohort, evaluated))],
    used: used.map((child) => checkedChild(cohort, child)),
    findings: [...cohort.findings, ...prepared.findings],
  }
}

/** Whether there is anything that the study could learn from. */
export function isUsable(report: CheckReport): boolean {
  return report.used.length > 0
}

function byFold(children: readonly CohortChild[]): Record<Fold, number> {
  const inFold = (fold: Fold): number => children.filter((child) => child.fold === fold).length
  return { train: inFold('train'), validation: inFold('validation'), test: inFold('test') }
}

function outcomesOf(children: readonly CohortChild[]): CheckReport['outcomes'] {
  const outcomes = children.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome]))
  const withEvent = outcomes.filter(({ eventDay }) => eventDay !== undefined)
  const types = [...eventTypes, undefined].map((type): [string, number] => [
    type ?? 'unspecified',
    withEvent.filter(({ eventType }) => eventType === type).length,
  ])
  const followUp = outcomes.map(({ lastFollowUpDay }) => lastFollowUpDay).toSorted((a, b) => a - b)
  return {
    children: outcomes.length,
    events: Object.fromEntries(types.filter(([, number]) => number > 0)),
    treatmentChanges: outcomes.filter(({ treatmentChangeDay }) => treatmentChangeDay !== undefined).length,
    medianFollowUpDays: followUp[Math.floor(followUp.length / 2)] ?? null,
  }
}

function adviceFor({ policy }: Cohort, usable: CheckReport['usable']): string[] {
  return usable.flatMap(({ task, children }) => {
    if (folds.every((fold) => children[fold] === 0))
      return [`No child can be used for ${task}; this site would decline it.`]
    const advice: string[] = []
    if (children.train < policy.minChildren) {
      const few = `${task}: ${children.train} in the training fold, and the study asks for ${policy.minChildren}`
      advice.push(`${few}; updates from here would not be sent.`)
    }
    if (children.validation < policy.minCell) {
      const few = `${task}: ${children.validation} in the validation fold`
      advice.push(`${few}; metrics over fewer than ${policy.minCell} children are not sent.`)
    }
    return advice
  })
}

function decidedIn(children: readonly CohortChild[], fold: Fold): DecidedChildren {
  const inFold = children.filter((child) => child.fold === fold)
  const labelled = (wanted: 0 | 1): number =>
    inFold.filter(({ scans }) => scans.some(({ label }) => label === wanted)).length
  return { event: labelled(1), none: labelled(0) }
}

/** By the rule by which a fold may leave (shared/evaluation/suppression, `mayLeave`). */
function evaluationAdvice(
  { policy: { minCell } }: Cohort,
  { validation, test }: NonNullable<CheckReport['evaluated']>,
): string[] {
  const isHeard = ({ event, none }: DecidedChildren): boolean => Math.min(event, none) >= minCell
  const few = (fold: string, { event, none }: DecidedChildren): string =>
    `evaluation: ${event} in the ${fold} fold with an event and ${none} without, and the study asks for ${minCell} of each; `
  return [
    ...(isHeard(test)
      ? []
      : [
          `${few('test', test)}no risk of it is sent, so no figure of how well the model does would speak of this site.`,
        ]),
    ...(isHeard(validation)
      ? []
      : [`${few('validation', validation)}thresholds would be chosen and risks recalibrated without it.`]),
  ]
}

function checkedChild({ tasks, question }: Cohort, { participant, fold, visits, scans }: CohortChild): CheckedChild {
  return {
    child: participant,
    fold,
    visits,
    scans: scans.map(({ session, day, label }) => ({ visit: session, day, label })),
    tasks: tasks.filter((task) => canTrain(task, scans, question)),
  }
}
