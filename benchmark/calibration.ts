// How well risks fit what happened: with all scans shown, before and after recalibration on each seed's validation landmarks.

import { logistic } from '../shared/evaluation/recalibration.ts'
import { seededRandom } from '../shared/random.ts'
import { fitLogistic, logisticLogit } from './logistic.ts'
import type { CalibrationRow } from './result.ts'
import { meanOf, type SeedScores } from './summary.ts'

export interface Reliability {
  /** Mean risk, share of events and children in each of ten bins of risk that holds anybody. */
  readonly bins: readonly { readonly risk: number; readonly events: number; readonly children: number }[]
  /** Σ (n_b/n)·|events − risk| over the bins. */
  readonly ece: number
}

export interface Calibration {
  readonly before: Reliability
  readonly after: Reliability
}

/** Test children of all seeds together. */
export function calibration(scores: readonly SeedScores[]): Calibration {
  const rows = scores.flatMap(calibrationRows)
  return { before: reliabilityOf(rows.map(beforeRow)), after: reliabilityOf(rows.map(afterRow)) }
}

export interface HospitalCalibration extends Calibration {
  readonly hospital: string
  readonly children: number
  readonly events: number
  /** What the error after recalibration would come to, on average, if every risk were right. */
  readonly byChance: number
}

/** The hospitals that scanned a seed's test children, in their order; undefined where they are not known. */
export type HospitalsOf = (seed: number) => readonly string[] | undefined

/** Test children of all seeds by the hospital that scanned them. */
export function calibrationByHospital(scores: readonly SeedScores[], hospitalsOf: HospitalsOf): HospitalCalibration[] {
  const rows = scores.flatMap((one) => {
    const hospitals = hospitalsOf(one.seed)
    if (hospitals === undefined) return []
    return calibrationRows(one).map((row, child) => ({ ...row, hospital: hospitals[child] ?? never() }))
  })
  return [...Map.groupBy(rows, ({ hospital }) => hospital)]
    .map(([hospital, ofHospital]) => ({
      hospital,
      children: ofHospital.length,
      events: ofHospital.filter(({ label }) => label === 1).length,
      before: reliabilityOf(ofHospital.map(beforeRow)),
      after: reliabilityOf(ofHospital.map(afterRow)),
      byChance: errorByChance(ofHospital.map(({ after }) => after)),
    }))
    .toSorted((a, b) => a.hospital.localeCompare(b.hospital))
}

interface RecalibratedRow {
  readonly label: 0 | 1
  /** Risks. */
  readonly before: number
  readonly after: number
}

const beforeRow = ({ label, before }: RecalibratedRow) => ({ label, risk: before })
const afterRow = ({ label, after }: RecalibratedRow) => ({ label, risk: after })

function calibrationRows({ labels, models }: SeedScores): RecalibratedRow[] {
  const model = models[0] ?? never()
  const scaling = recalibrationOf(model.validation)
  return labels.map((label, child) => {
    const logit = model.logits[child]?.at(-1) ?? Number.NaN
    return { label, before: logistic(logit), after: logistic(scaling(logit)) }
  })
}

const draws = 500

/** Mean calibration error where events are drawn with the risks themselves. */
function errorByChance(risks: readonly number[]): number {
  const random = seededRandom('calibration by chance')
  const event = (risk: number): 0 | 1 => (random.uniform() < risk ? 1 : 0)
  return meanOf(
    Array.from({ length: draws }, () => reliabilityOf(risks.map((risk) => ({ label: event(risk), risk }))).ece),
  )
}

/** Below this many events, or landmarks without one, a slope cannot be told and only the intercept is fitted. */
const fewestForSlope = 10

/** Events are rarer at early landmarks, so those say little of how high risks should be at the sixth visit. */
const leastVisits = 4

/**
 * A line on the logit scale: its slope (how overconfident the model is) from all landmarks, its height from later ones. Risks stay
 * as they are where all landmarks have the same answer.
 */
function recalibrationOf(landmarks: readonly CalibrationRow[]): (logit: number) => number {
  const slope = slopeOf(landmarks)
  const later = landmarks.filter(({ visits }) => visits >= leastVisits)
  if (rarerAnswer(later) === 0) return (logit) => logit
  const shift = interceptOf(later.map((row) => ({ ...row, logit: slope * row.logit })))
  return (logit) => slope * logit + shift
}

function slopeOf(landmarks: readonly CalibrationRow[]): number {
  if (rarerAnswer(landmarks) < fewestForSlope) return 1
  const rows = landmarks.map(({ logit, label }) => ({ features: [logit], label, weight: 1 }))
  const model = fitLogistic(rows, 0.1)
  return logisticLogit(model, [1]) - logisticLogit(model, [0])
}

/** Landmarks with the answer that is rarer. */
function rarerAnswer(landmarks: readonly CalibrationRow[]): number {
  const events = landmarks.filter(({ label }) => label === 1).length
  return Math.min(events, landmarks.length - events)
}

/** What must be added to all logits so that the mean risk is the share of events; by Newton's method. */
function interceptOf(rows: readonly CalibrationRow[]): number {
  let shift = 0
  for (let step = 0; step < 20; step++) {
    const risks = rows.map(({ logit }) => logistic(logit + shift))
    const slope = risks.reduce((sum, risk) => sum + risk * (1 - risk), 0)
    const excess = rows.reduce((sum, { label }, i) => sum + label - (risks[i] ?? 0), 0)
    shift += Math.max(-1, Math.min(1, excess / Math.max(slope, 1e-9)))
  }
  return shift
}

export function reliabilityOf(rows: readonly { readonly label: 0 | 1; readonly risk: number }[]): Reliability {
  const binned = Map.groupBy(rows, ({ risk }) => Math.min(9, Math.floor(10 * risk)))
  const bins = [...binned.values()]
    .map((members) => ({
      risk: meanOf(members.map(({ risk }) => risk)),
      events: meanOf(members.map(({ label }) => label)),
      children: members.length,
    }))
    .toSorted((a, b) => a.risk - b.risk)
  const ece = bins.reduce((sum, bin) => sum + (bin.children / rows.length) * Math.abs(bin.events - bin.risk), 0)
  return { bins, ece }
}

function never(): never {
  throw new Error('there is at least one')
}
