// What a trained model says about one child of this hospital: the risk after each visit, given the scans up to it, and what
// each visit changes in the last. Nothing of this leaves the site.

import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { probabilityOf, riskLogitOf } from '../../shared/model/risk.ts'
import type { ChildScores } from '../learning/score.ts'
import type { PreparedChild } from '../learning/trainer.ts'

export interface HorizonRisk {
  readonly horizonDays: number
  readonly risk: number
}

/** Ends of the bins at which clinicians are used to ask: 6, 12 and 24 months. */
export const askedHorizonsDays = [183, 365, 730] as const

export interface VisitRisk {
  readonly session: string
  /** Since the index surgery, or the first scan where that is not known. */
  readonly day: number
  /** Of an event within the study's horizon after this visit, given the scans up to it; not recalibrated. */
  readonly risk: number
  /** The same for other times after the visit, where the model gives them: 6, 12 and 24 months by hazards, else none. */
  readonly otherRisks: readonly HorizonRisk[]
  /** Later and further scans have higher ones; without a unit. */
  readonly progression: number
  /** Risk after the last visit less what it would be without this one; null when there is no other visit. */
  readonly contribution: number | null
}

/**
 * What to ask a model about a child: its history up to each visit, then all of it without each visit.
 * @param child scans in order of time, at least one
 */
export function questionsAbout(child: PreparedChild): readonly PreparedChild[] {
  const shown = (keep: (visit: number) => boolean): PreparedChild => ({
    ...child,
    // What became of the child is for training; whoever is asked about it is not told.
    outcome: undefined,
    scans: child.scans.filter((_, visit) => keep(visit)).map((scan) => ({ ...scan, followUp: null })),
  })
  const histories = child.scans.map((_, last) => shown((visit) => visit <= last))
  const without = child.scans.length < 2 ? [] : child.scans.map((_, one) => shown((visit) => visit !== one))
  return [...histories, ...without]
}

/**
 * The answers, in the order of `questionsAbout`, put together.
 * @param sessions of the child's scans
 * @param head of the model that was asked, for the study's horizon
 */
export function predictionFrom(
  child: PreparedChild,
  sessions: readonly string[],
  answers: readonly ChildScores[],
  { head, horizonDays }: { readonly head: ModelSpec['head']; readonly horizonDays: number },
): readonly VisitRisk[] {
  const risks = answers.map(({ riskLogits }) => probabilityOf(riskLogits.at(-1) ?? Number.NaN))
  const others = head === 'hazards' ? askedHorizonsDays.filter((days) => days !== horizonDays) : []
  const visits = child.scans.length
  const final = risks[visits - 1] ?? Number.NaN
  return child.scans.map(({ day }, visit) => {
    const without = risks[visits + visit]
    return {
      session: sessions[visit] ?? '',
      day,
      risk: risks[visit] ?? Number.NaN,
      otherRisks: others.map((days): HorizonRisk => {
        const outputs = answers[visit]?.riskOutputs.at(-1) ?? []
        return { horizonDays: days, risk: probabilityOf(riskLogitOf(head, outputs, days)) }
      }),
      progression: answers[visit]?.pairScores.at(-1) ?? Number.NaN,
      contribution: without === undefined ? null : final - without,
    }
  })
}
