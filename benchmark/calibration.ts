// How well risks fit what happened: with all scans shown, before and after recalibration on each seed's validation landmarks.

import type { FitRow } from '../shared/evaluation/calibration/calibration-fit.ts'
import { logistic, noRecalibration, recalibrated } from '../shared/evaluation/calibration/recalibration.ts'
import { modelPrior, recalibrationOf } from '../shared/evaluation/calibration/shrinkage.ts'
import { childrenOf } from '../shared/evaluation/landmark.ts'
import type { Recalibration } from '../shared/evaluation/model-card.ts'
import { seededRandom } from '../shared/random.ts'
import type { CalibrationRow } from './result.ts'
import { benchmarkMinCell } from './study-text.ts'
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
  /** Seeds with too few validation children with an event, whose risks stay as they are. */
  readonly leftAsTheyAre: number
}

/**
 * Calibration error of risks as they are, of test children of all seeds together; the mean over models where an arm leaves one at each
 * site, as AUROC is.
 */
export function errorBefore(scores: readonly SeedScores[]): number {
  const models = Math.max(...scores.map((one) => one.models.length))
  const ofModel = (model: number): SeedScores[] =>
    scores.map((one) => ({ ...one, models: [one.models[model] ?? never()] }))
  return meanOf(Array.from({ length: models }, (_, model) => calibration(ofModel(model)).before.ece))
}

/** Test children of all seeds together, of an arm that leaves one model. */
export function calibration(scores: readonly SeedScores[]): Calibration {
  const seeds = scores.map((one) => recalibratedSeed(one))
  const rows = seeds.flatMap((one) => one.rows)
  const leftAsTheyAre = seeds.filter(({ kind }) => kind === 'none').length
  return { before: reliabilityOf(rows.map(beforeRow)), after: reliabilityOf(rows.map(afterRow)), leftAsTheyAre }
}

export interface HospitalCalibration extends Omit<Calibration, 'leftAsTheyAre'> {
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
    return recalibratedSeed(one).rows.map((row, child) => ({
      ...row,
      hospital: hospitals[child] ?? never(),
    }))
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

/**
 * Calibration of each seed's model by itself, in the order of the seeds, with what chance would show. Errors of models that lie on
 * different sides cancel where their children are taken together.
 */
export function calibrationBySeed(
  scores: readonly SeedScores[],
): { readonly seed: number; readonly ece: number; readonly byChance: number }[] {
  return scores.map((one) => {
    const { rows } = recalibratedSeed(one)
    const byChance = errorByChance(rows.map(({ after }) => after))
    return { seed: one.seed, ece: reliabilityOf(rows.map(afterRow)).ece, byChance }
  })
}

interface RecalibratedRow {
  readonly label: 0 | 1
  /** Risks. */
  readonly before: number
  readonly after: number
}

const beforeRow = ({ label, before }: RecalibratedRow) => ({ label, risk: before })
const afterRow = ({ label, after }: RecalibratedRow) => ({ label, risk: after })

function recalibratedSeed({ labels, models: [model, another] }: SeedScores): {
  readonly kind: Recalibration['kind']
  readonly rows: readonly RecalibratedRow[]
} {
  if (model === undefined || another !== undefined) throw new Error('risks of one model are asked for')
  const recalibration = recalibrationFrom(model.validation)
  const rows = labels.map((label, child) => {
    const before = logistic(model.logits[child]?.at(-1) ?? Number.NaN)
    return { label, before, after: recalibrated(before, recalibration) }
  })
  return { kind: recalibration.kind, rows }
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

/** Events are rarer at early landmarks, so those say little of how high risks should be at the sixth visit. */
const leastVisits = 4

/** Later landmarks of validation children. */
function fitRows(landmarks: readonly CalibrationRow[]): FitRow[] {
  return withChildren(landmarks)
    .filter(({ visits }) => visits >= leastVisits)
    .map(({ child, logit, label }) => ({ child, risk: logistic(logit), outcome: label, weight: 1 }))
}

/** As an evaluation does it: drawn towards risks as they are where the validation children are few. */
function recalibrationFrom(landmarks: readonly CalibrationRow[]): Recalibration {
  const rows = fitRows(landmarks)
  const events = childrenOf(rows.filter(({ outcome }) => outcome === 1))
  return events < benchmarkMinCell ? noRecalibration : recalibrationOf(rows, modelPrior)
}

/** Landmarks of a child follow each other with their visits rising, and another child begins with an earlier one. */
function withChildren(landmarks: readonly CalibrationRow[]): (CalibrationRow & { readonly child: string })[] {
  let child = 0
  return landmarks.map((row, index) => {
    if (row.visits <= (landmarks[index - 1]?.visits ?? 0)) child++
    return { ...row, child: String(child) }
  })
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
  throw new Error('there is one of each')
}
