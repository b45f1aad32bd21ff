// Figures of a set of landmarks from its summary, and how much each landmark moves them. A summary is made from rows inside
// a site (groups are then single risks, and everything is exact) or from the sites' counts (groups are then the fixed bins),
// so both go through the same formulas.

import { auprcGradient, auprcOf, aurocGradient, aurocOf, type Curve, sum } from './curve.ts'
import type { EvaluationMetric } from './evaluation-metrics.ts'
import type { DecidedLandmark } from './landmark.ts'
import { calibrationBinCount, calibrationBinOf } from './risk-bins.ts'

/** One of ten bins of risk: sums of weights, of weighted risks, and of the weights of landmarks with an event. */
export interface CalibrationBin {
  readonly weight: number
  readonly risk: number
  readonly cases: number
}

/** Everything that the figures of a set of landmarks are computed from. All sums are weighted (IPCW). */
export interface Summary {
  readonly curve: Curve
  readonly auroc: number
  readonly risk: number
  readonly squaredError: number
  readonly logLoss: number
  readonly calibration: readonly CalibrationBin[]
}

/** Figures that follow from a summary; calibration slope and intercept are fitted (calibration-fit.ts). */
export type SummaryMetric = Exclude<EvaluationMetric, 'calibration_slope' | 'calibration_intercept'>
export type SummaryFigures = Readonly<Record<SummaryMetric, number>>

/** Which group of the curve a risk stands in. */
export type GroupOf = (risk: number) => number

/** Rows in groups of equal risk, for exact figures. */
export function exactGroups(rows: readonly DecidedLandmark[]): { readonly count: number; readonly groupOf: GroupOf } {
  const risks = [...new Set(rows.map(({ risk }) => risk))].sort((a, b) => a - b)
  const position = new Map(risks.map((risk, index) => [risk, index]))
  return { count: risks.length, groupOf: (risk) => position.get(risk) ?? Number.NaN }
}

export function summarise(
  rows: readonly DecidedLandmark[],
  { count, groupOf }: { readonly count: number; readonly groupOf: GroupOf },
): Summary {
  const curve = { cases: new Array<number>(count).fill(0), controls: new Array<number>(count).fill(0) }
  const calibration = Array.from({ length: calibrationBinCount }, () => ({ weight: 0, risk: 0, cases: 0 }))
  const totals = { risk: 0, squaredError: 0, logLoss: 0 }
  for (const row of rows) {
    const { weight, risk, outcome } = row
    const side = outcome === 1 ? curve.cases : curve.controls
    const group = groupOf(risk)
    side[group] = (side[group] ?? 0) + weight
    totals.risk += weight * risk
    totals.squaredError += weight * (outcome - risk) ** 2
    totals.logLoss += weight * logLossOf(row)
    const bin = calibration[calibrationBinOf(risk)]
    if (bin === undefined) throw new Error(`a risk of ${risk} stands in no bin`)
    bin.weight += weight
    bin.risk += weight * risk
    bin.cases += weight * outcome
  }
  return { curve, auroc: aurocOf(curve), ...totals, calibration }
}

/** Brier score and log loss are divided by the sum of weights, so that weights need not add up to the landmarks. */
export function figuresOf(summary: Summary): SummaryFigures {
  const { curve, auroc, calibration } = summary
  const cases = sum(curve.cases)
  const weight = cases + sum(curve.controls)
  const rate = cases / weight
  const brier = summary.squaredError / weight
  const gaps = calibration.reduce((total, bin) => total + Math.abs(bin.cases - bin.risk), 0)
  return {
    auroc,
    auprc: auprcOf(curve),
    brier,
    brier_scaled: 1 - brier / (rate * (1 - rate)),
    log_loss: summary.logLoss / weight,
    ece: gaps / weight,
    event_rate: rate,
    mean_risk: summary.risk / weight,
  }
}

/**
 * How much a landmark moves each figure: the first-order influence, times its weight. Summed within a child and squared,
 * then summed over children, it is the variance of the figure.
 */
export function influenceOf(summary: Summary, groupOf: GroupOf): (row: DecidedLandmark) => SummaryFigures {
  const { curve } = summary
  const auroc = aurocGradient(curve, summary.auroc)
  const auprc = auprcGradient(curve)
  const figures = figuresOf(summary)
  const weightInAll = sum(curve.cases) + sum(curve.controls)
  const signs = summary.calibration.map(({ cases, risk }) => Math.sign(cases - risk))
  const rate = figures.event_rate
  const spread = rate * (1 - rate)
  return (row) => {
    const { weight, risk, outcome } = row
    const group = groupOf(risk)
    const side = outcome === 1 ? 'cases' : 'controls'
    const ofMean = (value: number, mean: number): number => (weight * (value - mean)) / weightInAll
    const brier = ofMean((outcome - risk) ** 2, figures.brier)
    const eventRate = ofMean(outcome, rate)
    return {
      auroc: weight * (auroc[side][group] ?? 0),
      auprc: weight * (auprc[side][group] ?? 0),
      brier,
      brier_scaled: -brier / spread + (figures.brier * (1 - 2 * rate) * eventRate) / spread ** 2,
      log_loss: ofMean(logLossOf(row), figures.log_loss),
      ece: ofMean((signs[calibrationBinOf(risk)] ?? 0) * (outcome - risk), figures.ece),
      event_rate: eventRate,
      mean_risk: ofMean(risk, figures.mean_risk),
    }
  }
}

/** Σ over children of the square of their landmarks' summed influence, figure by figure: the variance of each. */
export function squaredInfluence(
  rows: readonly DecidedLandmark[],
  influence: (row: DecidedLandmark) => Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const children = new Map<string, Map<string, number>>()
  for (const row of rows) {
    const child = children.get(row.child) ?? new Map<string, number>()
    children.set(row.child, child)
    for (const [name, value] of Object.entries(influence(row))) child.set(name, (child.get(name) ?? 0) + value)
  }
  const squares = new Map<string, number>()
  for (const [name, value] of [...children.values()].flatMap((child) => [...child])) {
    squares.set(name, (squares.get(name) ?? 0) + value ** 2)
  }
  return Object.fromEntries(squares)
}

/** Negative log likelihood of the outcome; a risk of 0 or 1 is held at a millionth from the end. */
export function logLossOf({ risk, outcome }: Pick<DecidedLandmark, 'risk' | 'outcome'>): number {
  const inside = Math.min(1 - 1e-6, Math.max(1e-6, risk))
  return -Math.log(outcome === 1 ? inside : 1 - inside)
}
