// Figures with their 95 % intervals, from what the passes of an evaluation came to. An interval is the estimate ± 1.96
// standard errors from the children's squared influences; figures that cannot leave a range are cut to it.

import { figuresAt, type ThresholdMetric } from '../../shared/evaluation/at-threshold.ts'
import { calibrationByChance } from '../../shared/evaluation/calibration/calibration-chance.ts'
import type { Fit } from '../../shared/evaluation/calibration/calibration-fit.ts'
import { stratumFitName, stratumFits } from '../../shared/evaluation/calibration/strata-fits.ts'
import { type ShareSums, shareOf } from '../../shared/evaluation/clustered-share.ts'
import type { EvaluationMetric } from '../../shared/evaluation/evaluation-metrics.ts'
import { figuresOf, type Summary } from '../../shared/evaluation/figures.ts'
import { normalQuantile } from '../../shared/evaluation/normal-quantile.ts'
import type { ThresholdName } from '../../shared/evaluation/own-thresholds.ts'
import type { RiskScale } from '../../shared/evaluation/passes.ts'
import { countStrataOf, type Pooled } from '../../shared/evaluation/pooled.ts'
import { type ScanCountMetric, scanCountFigures } from '../../shared/evaluation/scan-count.ts'
import { type Part, partOf, wholeFamily } from '../../shared/evaluation/suppression/strata.ts'
import { thresholdRisk } from '../../shared/evaluation/thresholds.ts'

/**
 * Null bounds: not every site that stands behind the figure has answered the last pass, or too few children differ to tell.
 */
export interface Estimate {
  readonly value: number
  readonly low: number | null
  readonly high: number | null
}

/** `0.78 (0.71 to 0.85)`, or a dash. */
export function estimateText(estimate: Estimate | null | undefined, digits = 2): string {
  if (estimate === null || estimate === undefined) return '–'
  const show = (value: number): string =>
    value
      .toFixed(digits)
      .replace(/^-(?=.*[1-9])/, '−')
      .replace('-', '')
  const { value, low, high } = estimate
  return low === null || high === null ? show(value) : `${show(value)} (${show(low)} to ${show(high)})`
}

/** What the calibration error is to be compared with; a figure without an interval. */
export const chanceFigures = {
  ece_by_chance: 'what the calibration error would come to in as many children if every risk were right',
} as const

export type Figures = Readonly<Record<string, Estimate | null>>

/** Figures that lie between 0 and 1. */
const shares: ReadonlySet<string> = new Set<EvaluationMetric | ThresholdMetric | ScanCountMetric | 'share'>([
  ...(['auroc', 'auprc', 'brier', 'ece', 'event_rate', 'mean_risk'] as const),
  'share',
  ...(['auroc_count_matched', 'auroc_count_only'] as const),
  ...(['sensitivity', 'specificity', 'ppv', 'npv', 'f1'] as const),
])

const leastError = 1e-9

export function estimateOf(name: string, value: number, error: number | null): Estimate | null {
  if (!Number.isFinite(value)) return null
  // Where no child moves a figure, as when all events lie above all others, first-order influences know nothing of its error.
  if (error === null || !(error > leastError)) return { value, low: null, high: null }
  const [least, most] = shares.has(name) ? [0, 1] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const half = normalQuantile * error
  return { value, low: Math.max(least, value - half), high: Math.min(most, value + half) }
}

/** At the two thresholds; null where one was not chosen, or nothing is told. */
export type AtThresholds = Readonly<Record<ThresholdName, Figures | null>>

/** Every figure of a part of the test folds, with the risks as given or recalibrated. */
export function figuresOfPart(pooled: Pooled, part: Part, scale: RiskScale): Figures {
  const raw = partOf(pooled.test, part)
  const after = partOf(pooled.recalibrated, part)
  const summary: Summary | undefined = scale === 'raw' ? raw?.summary : after?.[scale]
  if (summary === undefined || raw === undefined) return {}
  const variance = varianceOf(pooled, raw)
  const chance = calibrationByChance(summary.calibration, variance?.[scale].ece ?? Number.NaN)
  const figures = Object.entries({ ...figuresOf(summary), ece_by_chance: chance }).map(([name, value]) => {
    const squares = variance?.[scale][name]
    return [name, estimateOf(name, value, squares === undefined ? null : Math.sqrt(squares))] as const
  })
  const calibration = calibrationFigures(pooled, part, scale)
  if (scale !== 'consortium') return Object.fromEntries([...figures, ...calibration])
  // One rising line for all sites changes no order, so what rests on the order alone is as before, to the last digit.
  const { auroc = null, auprc = null } = figuresOfPart(pooled, part, 'raw')
  return { ...Object.fromEntries([...figures, ...calibration]), auroc, auprc }
}

/** Of a part of the test folds at one of the two thresholds; undefined when it was not chosen, or nothing is told of the part. */
export function figuresAtThreshold(pooled: Pooled, name: ThresholdName, part: Part): Figures | undefined {
  const group = pooled.thresholds[name]
  const found = partOf(pooled.test, part)
  if (group === null || found === undefined) return undefined
  const variance = varianceOf(pooled, found)
  return Object.fromEntries(
    Object.entries(figuresAt(found.summary.curve, { group, risk: thresholdRisk(pooled, group) })).map(
      ([metric, value]) => {
        const squares = variance?.[name]?.[metric]
        return [metric, estimateOf(metric, value, squares === undefined ? null : Math.sqrt(squares))] as const
      },
    ),
  )
}

/** A share with its interval; null of no answers. */
export function shareEstimate(sums: ShareSums): Estimate | null {
  const { value, error } = shareOf(sums)
  return estimateOf('share', value, error)
}

/** What the number of scans tells, over the parts by number of scans that sites could send. */
export function scanCountEstimates(pooled: Pooled): Figures {
  const strata = pooled.test.filter(({ family }) => family === 'scans')
  const sites = new Set(strata.flatMap((stratum) => stratum.sites))
  const complete = pooled.scanCount?.sites.length === sites.size
  return Object.fromEntries(
    Object.entries(scanCountFigures(countStrataOf(pooled))).map(([name, value]) => {
      const squares = complete ? pooled.scanCount?.squares[name] : undefined
      return [name, estimateOf(name, value, squares === undefined ? null : Math.sqrt(squares))] as const
    }),
  )
}

function calibrationFigures(pooled: Pooled, part: Part, scale: RiskScale): (readonly [string, Estimate | null])[] {
  const found = part.family === wholeFamily ? pooled.fits : fitsOfPart(pooled, part)
  const { test, testIntercept, consortiumIntercept, site, siteIntercept } = found
  const line = pooled.recalibration
  const slope = ((): Estimate | null => {
    if (scale === 'site') return site === undefined ? null : estimateOf('slope', site.slope, site.slopeError)
    if (test === undefined) return null
    // On recalibrated risks the line is the same one, seen through the recalibration's own slope.
    const by = scale === 'consortium' && line !== null ? line.slope : 1
    return estimateOf('slope', test.slope / by, test.slopeError === null ? null : test.slopeError / by)
  })()
  const fit = { raw: testIntercept, consortium: consortiumIntercept, site: siteIntercept }[scale]
  return [
    ['calibration_slope', slope],
    ['calibration_intercept', fit === undefined ? null : estimateOf('intercept', fit.intercept, fit.interceptError)],
  ]
}

/** Those that came to rest: in a small part, where risks nearly tell events from the others, few steps do not reach the line. */
function fitsOfPart({ fits }: Pooled, part: Part): Readonly<Record<string, Fit>> {
  return Object.fromEntries(
    stratumFits.flatMap((name) => {
      const fit = fits[stratumFitName(name, part)]
      const error = (fit?.kind === 'line' ? fit.slopeError : fit?.interceptError) ?? 0
      return fit === undefined || !((fit.lastStep ?? Number.POSITIVE_INFINITY) <= longestLastStep * error)
        ? []
        : [[name, fit] as const]
    }),
  )
}

/** In standard errors: a fit that still moved by more is not given. */
const longestLastStep = 0.25

/** Undefined while not every site that stands behind the part has sent its squared influences. */
function varianceOf(pooled: Pooled, part: Pooled['test'][number]): Pooled['variances'][number] | undefined {
  const variance = partOf(pooled.variances, part)
  return variance?.sites.length === part.sites.length ? variance : undefined
}
