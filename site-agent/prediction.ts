// What a trained model says about one child of this hospital: the risk after each visit, given the scans up to it, and what
// each visit changes in the last. Nothing of this leaves the site.

import type { ChildScores } from './learning/score.ts'
import type { PreparedChild } from './learning/trainer.ts'

export interface VisitRisk {
  readonly session: string
  /** Since the index surgery, or the first scan where that is not known. */
  readonly day: number
  /** Of an event within the study's horizon after this visit, given the scans up to it; not recalibrated. */
  readonly risk: number
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
    scans: child.scans.filter((_, visit) => keep(visit)),
  })
  const histories = child.scans.map((_, last) => shown((visit) => visit <= last))
  const without = child.scans.length < 2 ? [] : child.scans.map((_, one) => shown((visit) => visit !== one))
  return [...histories, ...without]
}

/** The answers, in the order of `questionsAbout`, put together. @param sessions of the child's scans */
export function predictionFrom(
  child: PreparedChild,
  sessions: readonly string[],
  answers: readonly ChildScores[],
): readonly VisitRisk[] {
  const risks = answers.map(({ riskLogits }) => 1 / (1 + Math.exp(-(riskLogits.at(-1) ?? Number.NaN))))
  const visits = child.scans.length
  const final = risks[visits - 1] ?? Number.NaN
  return child.scans.map(({ day }, visit) => {
    const without = risks[visits + visit]
    return {
      session: sessions[visit] ?? '',
      day,
      risk: risks[visit] ?? Number.NaN,
      progression: answers[visit]?.pairScores.at(-1) ?? Number.NaN,
      contribution: without === undefined ? null : final - without,
    }
  })
}
