// All that is said about a child at the bedside, as a value: what the model gave at each visit, what of it may be called a
// calibrated risk and why not the rest, and what to know before believing it. Pure; terminal and page only show it.

import type { ModelCard } from '../../shared/evaluation/model-card.ts'
import {
  type CalibratedRisk,
  calibrate,
  movedAlong,
  type Range,
  type RecalibrationOf,
  recalibrationFor,
  type ShownThresholds,
  shownThresholds,
  toldApart,
  type Zone,
} from './calibration.ts'
import { type ChildFacts, type Flag, flagsAt, type ModelFacts } from './fit.ts'
import type { Part } from './part.ts'
import type { HorizonRisk, VisitRisk } from './prediction.ts'
import { type ShortCard, shortCardOf } from './short-card.ts'

export const notice = 'Research software. Not a medical device. Do not base a decision about a patient on it.'

/** Within another time than the study's horizon. */
export interface OtherRisk {
  readonly horizonDays: number
  readonly output: number
  /** Beside the calibrated risk, moved along with it and not checked against outcomes; null where that is refused. */
  readonly moved: number | null
  /** The range of the calibrated risk, moved along by the same factor; null without one. Checked no more than `moved`. */
  readonly movedSeen: Range | null
}

export interface AnsweredVisit {
  readonly session: string
  readonly day: number
  /** What the model itself gives for the study's horizon, 0 to 1: it orders children, and nobody checked its scale. */
  readonly output: number
  /** The same for other times after the visit. */
  readonly others: readonly OtherRisk[]
  /** Null when refused; `refusals` says why. */
  readonly calibrated: CalibratedRisk | null
  readonly refusals: readonly string[]
  readonly progression: number
  /** What the last risk would lose without this visit, in the figures that are shown; null when there is no other. */
  readonly contribution: number | null
}

/** Whether risks can be called calibrated at all, and by what. */
export type Calibration =
  | { readonly kind: 'card'; readonly by: RecalibrationOf }
  | { readonly kind: 'refused'; readonly reason: string }

export interface ChildAnswer {
  readonly notice: string
  readonly child: string
  readonly key: string
  /** In the making of the model. */
  readonly part: Part
  readonly study: string
  readonly weightsDigest: string
  readonly horizonDays: number
  readonly calibration: Calibration
  /** Null where nothing is calibrated. */
  readonly thresholds: ShownThresholds | null
  /** Null without a model card. */
  readonly card: ShortCard | null
  readonly visits: readonly AnsweredVisit[]
  /** About the risk after the last visit. */
  readonly flags: readonly Flag[]
  /** Scans that are not shown to the model, and why. */
  readonly heldBack: readonly string[]
}

export interface AnswerParts extends Pick<ChildAnswer, 'child' | 'key' | 'study' | 'weightsDigest' | 'heldBack'> {
  readonly site: string
  readonly horizonDays: number
  readonly card: ModelCard | undefined
  readonly facts: ChildFacts
  readonly siteTrained: boolean
  /** One for each scan of `facts`. */
  readonly visits: readonly VisitRisk[]
}

export function answerFrom(parts: AnswerParts): ChildAnswer {
  const { child, key, study, weightsDigest, heldBack, horizonDays, card, facts, visits } = parts
  const calibration = calibrationFor(card, parts.site)
  const { inputRanges: ranges = {}, seen = {} } = card ?? {}
  const model: ModelFacts = { ranges, seen, siteTrained: parts.siteTrained }
  const calibratedAt = (risk: number): CalibratedRisk | null =>
    card === undefined || calibration.kind === 'refused' ? null : calibrate(card, parts.site, calibration.by, risk)
  const answered = visits.map((visit, landmark): AnsweredVisit => {
    const refusals = flagsAt(facts, model, landmark).flatMap((flag) =>
      flag.weight === 'refuses' ? [flag.sentence] : [],
    )
    const calibrated = refusals.length > 0 ? null : calibratedAt(visit.risk)
    return {
      ...{ session: visit.session, day: visit.day, output: visit.risk, refusals, progression: visit.progression },
      calibrated,
      others: visit.otherRisks.map((other) => otherRisk(other, visit.risk, calibrated)),
      contribution: visit.contribution,
    }
  })
  return {
    ...{ notice, child, key, part: facts.part, study, weightsDigest, horizonDays, calibration, heldBack },
    thresholds:
      card === undefined || calibration.kind === 'refused' ? null : shownThresholds(card, parts.site, calibration.by),
    card: card === undefined ? null : shortCardOf(card),
    visits: withShownContributions(answered, calibratedAt),
    flags: flagsAt(facts, model, visits.length - 1),
  }
}

function otherRisk({ horizonDays, risk }: HorizonRisk, from: number, calibrated: CalibratedRisk | null): OtherRisk {
  const moved = (to: number): number => movedAlong(risk, { from, to })
  const seen = calibrated?.seen
  return {
    ...{ horizonDays, output: risk },
    moved: calibrated && moved(calibrated.risk),
    movedSeen: seen === undefined ? null : { low: moved(seen.low), high: moved(seen.high) },
  }
}

/** The zone of the last visit, in words that recommend nothing. */
export const zoneWords: Readonly<Record<Zone, string>> = {
  'rule-out': 'below the lower threshold',
  grey: 'in the grey zone between the thresholds',
  'rule-in': 'at or above the upper threshold',
}

function calibrationFor(card: ModelCard | undefined, site: string): Calibration {
  if (card === undefined) {
    const reason =
      'there is no model card beside the weights; without its recalibration nobody knows what a figure means'
    return { kind: 'refused', reason }
  }
  const by = recalibrationFor(card, site)
  if (by !== undefined && toldApart(card, by)) return { kind: 'card', by }
  if (by !== undefined) {
    const reason =
      'in the evaluation events were not clearly more frequent where the model gave higher risks, so a figure would tell nothing of this child'
    return { kind: 'refused', reason }
  }
  return { kind: 'refused', reason: 'the evaluation saw too few events to recalibrate the model' }
}

/** Differences of what is shown: of calibrated risks where the last one is, of the model's own figures elsewhere. */
function withShownContributions(
  visits: readonly AnsweredVisit[],
  calibratedAt: (risk: number) => CalibratedRisk | null,
): readonly AnsweredVisit[] {
  const last = visits.at(-1)
  const shown = last?.calibrated
  if (last === undefined || shown == null) return visits
  return visits.map((visit) => {
    if (visit.contribution === null) return visit
    const without = calibratedAt(last.output - visit.contribution)
    return without === null ? visit : { ...visit, contribution: shown.risk - without.risk }
  })
}
