// Two thresholds and the grey zone between them, chosen on the validation folds and frozen: below the lower one the next
// scan might wait, at or above the higher one somebody might act. Both are edges of risk bins.

import { noRecalibration, recalibrated } from './calibration/recalibration.ts'
import { type Curve, countsFrom, sum } from './curve.ts'
import type { Pooled } from './pooled.ts'
import { edgeRisk, riskBinCount } from './risk-bins.ts'

/** What the thresholds are asked to reach on the validation folds. */
export interface ThresholdAims {
  readonly ruleOutNpv: number
  readonly ruleInPpv: number
}

/** Bins whose lower edge is the threshold; null where no edge reaches the aim. */
export interface ChosenThresholds {
  readonly ruleOut: number | null
  readonly ruleIn: number | null
}

/** With a smaller share of landmarks on either side a threshold says too little of its predictive value, or decides nothing. */
const smallestShare = 0.05

/** The highest edge with the negative predictive value, and above it the lowest with the positive one. */
export function chooseThresholds(curve: Curve, { ruleOutNpv, ruleInPpv }: ThresholdAims): ChosenThresholds {
  const total = sum(curve.cases) + sum(curve.controls)
  const edges = Array.from({ length: riskBinCount - 1 }, (_, index) => index + 1)
  const ruleOut = edges.findLast((edge) => {
    const { tp, fp, tn, fn } = countsFrom(curve, edge)
    const splits = Math.min(tn + fn, tp + fp) >= smallestShare * total
    return splits && tn >= ruleOutNpv * (tn + fn)
  })
  const ruleIn = edges.find((edge) => {
    const { tp, fp, tn, fn } = countsFrom(curve, edge)
    const splits = Math.min(tn + fn, tp + fp) >= smallestShare * total
    return splits && edge > (ruleOut ?? 0) && tp >= ruleInPpv * (tp + fp)
  })
  return { ruleOut: ruleOut ?? null, ruleIn: ruleIn ?? null }
}

/** The risk at the lower edge of a bin, recalibrated by the consortium. */
export function thresholdRisk({ recalibration }: Pick<Pooled, 'recalibration'>, bin: number): number {
  return recalibrated(edgeRisk(bin), recalibration ?? noRecalibration)
}
