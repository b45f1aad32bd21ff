// What `site check-data` says: how much of the data is used for what, and everything that is held back with its reason.

import type { Fold } from '../../shared/study/folds.ts'
import { canOrder } from '../learning/ordering.ts'
import { canJudge } from '../learning/recurrence.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import type { Cohort } from './cohort.ts'
import type { PreparedCohort } from './prepare-cohort.ts'
import type { Finding } from './visits.ts'

interface FoldCounts {
  readonly children: number
  readonly ordering: number
  readonly recurrence: number
}

export interface CheckReport {
  readonly childrenFound: number
  readonly childrenUsed: number
  readonly scansUsed: number
  readonly withOutcome: number
  readonly withEvent: number
  readonly landmarksDecided: number
  readonly landmarksWithEvent: number
  readonly folds: Readonly<Record<Fold, FoldCounts>>
  readonly findings: readonly Finding[]
}

export function checkReport(cohort: Cohort, prepared: PreparedCohort): CheckReport {
  const labels = prepared.children.flatMap((child) => child.labels)
  const inFold = (fold: Fold): FoldCounts => countsOf(prepared.children.filter((child) => child.fold === fold))
  return {
    childrenFound: cohort.children.length,
    childrenUsed: prepared.children.length,
    scansUsed: prepared.children.reduce((sum, child) => sum + child.scans.length, 0),
    withOutcome: cohort.children.filter(({ outcome }) => outcome !== null).length,
    withEvent: cohort.children.filter(({ outcome }) => outcome !== null && outcome.eventDay !== null).length,
    landmarksDecided: labels.filter((label) => label !== null).length,
    landmarksWithEvent: labels.filter((label) => label === 1).length,
    folds: { train: inFold('train'), validation: inFold('validation'), test: inFold('test') },
    findings: [...cohort.findings, ...prepared.findings],
  }
}

/** Whether at least one child of the training fold can be trained on. */
export function isUsable(report: CheckReport): boolean {
  return report.folds.train.ordering > 0 || report.folds.train.recurrence > 0
}

/** Lines of plain text for the data manager. */
export function renderCheckReport(report: CheckReport): string {
  const { folds } = report
  const row = (name: string, counts: FoldCounts): string =>
    `  ${name.padEnd(12)}${String(counts.children).padStart(9)}${String(counts.ordering).padStart(10)}${String(counts.recurrence).padStart(12)}`
  return [
    `${report.childrenFound} children found, ${report.childrenUsed} used, with ${report.scansUsed} scans.`,
    `${report.withOutcome} have an outcome, ${report.withEvent} of them an event; ${report.landmarksDecided} visits have a decided ` +
      `outcome within the horizon, ${report.landmarksWithEvent} of them an event.`,
    '',
    '  used to      children  ordering  recurrence',
    row('train', folds.train),
    row('validate', folds.validation),
    row('test (kept)', folds.test),
    '',
    report.findings.length === 0 ? 'Nothing is held back.' : `Held back or worth a look (${report.findings.length}):`,
    ...report.findings.map(
      ({ child, scan, what }) =>
        `  ${[child, scan].filter((part) => part !== undefined).join(' ')}${child || scan ? ': ' : ''}${what}`,
    ),
    '',
    'This report stays here. Nothing of it is sent.',
  ].join('\n')
}

function countsOf(children: readonly PreparedChild[]): FoldCounts {
  return {
    children: children.length,
    ordering: children.filter(canOrder).length,
    recurrence: children.filter(canJudge).length,
  }
}
