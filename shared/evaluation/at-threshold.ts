// Figures at a threshold of risk, which is the lower edge of a group of the curve: at or above it a landmark counts as
// positive. Each is a ratio of weights, so one function gives values and another the influence of a landmark.

import { type Curve, countsFrom } from './curve.ts'
import type { GroupOf } from './figures.ts'
import type { DecidedLandmark } from './landmark.ts'

/** Every figure at a threshold, with what it says. */
export const thresholdMetrics = {
  sensitivity: 'share of the events at or above the threshold',
  specificity: 'share of the others below it',
  ppv: 'share of events among those at or above it',
  npv: 'share of the others among those below it',
  f1: 'harmonic mean of positive predictive value and sensitivity',
  net_benefit: 'true positives less false ones weighed by the odds of the threshold, for each landmark',
} as const satisfies Record<string, string>

export type ThresholdMetric = keyof typeof thresholdMetrics

export const thresholdMetricNames = ['sensitivity', 'specificity', 'ppv', 'npv', 'f1', 'net_benefit'] as const

/** A threshold: the group whose lower edge it is, and the (recalibrated) risk that stands for it in net benefit. */
export interface Threshold {
  readonly group: number
  readonly risk: number
}

/** Numerator and denominator of a figure. */
type Ratio = readonly [number, number]

/**
 * A landmark weighs at least 1 (IPCW). Cells are spread, so that a side on which nobody stands has a trace of weight, be it 1e-30: a
 * share of it would say nothing, and its influences would be beyond what an answer may hold.
 */
const leastWeight = 0.5

/** NaN where nobody stands in the denominator, such as the positive predictive value when nobody is positive. */
export function figuresAt(curve: Curve, { group, risk }: Threshold): Readonly<Record<ThresholdMetric, number>> {
  return mapRatios(ratiosOf(countsFrom(curve, group), risk), ([above, below]) =>
    below < leastWeight ? Number.NaN : above / below,
  )
}

/** The influence of a landmark on each figure at the threshold, times its weight; NaN where the figure is. */
export function influenceAt(
  curve: Curve,
  threshold: Threshold,
  groupOf: GroupOf,
): (row: DecidedLandmark) => Readonly<Record<ThresholdMetric, number>> {
  const whole = ratiosOf(countsFrom(curve, threshold.group), threshold.risk)
  return ({ risk, outcome, weight }) => {
    const positive = groupOf(risk) >= threshold.group
    const own = ratiosOf(
      {
        tp: positive && outcome === 1 ? weight : 0,
        fp: positive && outcome === 0 ? weight : 0,
        fn: !positive && outcome === 1 ? weight : 0,
        tn: !positive && outcome === 0 ? weight : 0,
      },
      threshold.risk,
    )
    return mapRatios(own, ([above, below], metric) => {
      const [allAbove, allBelow] = whole[metric]
      return allBelow < leastWeight ? Number.NaN : (above - (allAbove / allBelow) * below) / allBelow
    })
  }
}

function ratiosOf(
  { tp, fp, fn, tn }: ReturnType<typeof countsFrom>,
  risk: number,
): Readonly<Record<ThresholdMetric, Ratio>> {
  return {
    sensitivity: [tp, tp + fn],
    specificity: [tn, tn + fp],
    ppv: [tp, tp + fp],
    npv: [tn, tn + fn],
    f1: [2 * tp, 2 * tp + fp + fn],
    net_benefit: [tp - (fp * risk) / (1 - risk), tp + fp + fn + tn],
  }
}

function mapRatios(
  ratios: Readonly<Record<ThresholdMetric, Ratio>>,
  map: (ratio: Ratio, metric: ThresholdMetric) => number,
): Readonly<Record<ThresholdMetric, number>> {
  return {
    sensitivity: map(ratios.sensitivity, 'sensitivity'),
    specificity: map(ratios.specificity, 'specificity'),
    ppv: map(ratios.ppv, 'ppv'),
    npv: map(ratios.npv, 'npv'),
    f1: map(ratios.f1, 'f1'),
    net_benefit: map(ratios.net_benefit, 'net_benefit'),
  }
}
