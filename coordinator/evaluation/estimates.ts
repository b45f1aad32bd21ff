// Figures with their 95 % intervals, from what the passes of an evaluation came to. An interval is the estimate ± 1.96
// standard errors from the children's squared influences; figures that cannot leave a range are cut to it.

import { figuresAt, type ThresholdMetric } from '../../shared/evaluation/at-threshold.ts'
import { calibrationByChance } from '../../shared/evaluation/calibration/calibration-chance.ts'
import type { Fit } from '../../shared/evaluation/calibration/calibration-fit.ts'
import { type StratumFit, stratumFitName, stratumFits } from '../../shared/evaluation/calibration/strata-fits.ts'
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
  if (raw === undefined) return {}
  const calibration = Object.fromEntries(calibrationFigures(pooled, part, scale))
  // One rising line for all sites changes no order, so what rests on the order alone is as before, to the last digit.
  const { auroc = null, auprc = null } = scale === 'consortium' ? figuresOfPart(pooled, part, 'raw') : {}
  const order = scale === 'consortium' ? { auroc, auprc } : {}
  const summary = scale === 'raw' ? raw.summary : recalibratedSummary(pooled, part, scale)
  if (summary === undefined) return { ...calibration, ...order }
  const variance = varianceOf(pooled, raw)
  const chance = calibrationByChance(summary.calibration, variance?.[scale].ece ?? Number.NaN)
  const figures = Object.entries({ ...figuresOf(summary), ece_by_chance: chance }).map(([name, value]) => {
    const squares = variance?.[scale][name]
    return [name, estimateOf(name, value, squares === undefined ? null : Math.sqrt(squares))] as const
  })
  return { ...Object.fromEntries(figures), ...calibration, ...order }
}

/** Undefined where a site that stands behind the part did not answer the pass after recalibration: the rest are other children. */
export function recalibratedSummary(pooled: Pooled, part: Part, scale: Exclude<RiskScale, 'raw'>): Summary | undefined {
  const after = partOf(pooled.recalibrated, part)
  return after?.sites.length === partOf(pooled.test, part)?.sites.length ? after?.[scale] : undefined
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
  const { test, testIntercept, consortiumIntercept, site, siteIntercept } = restedFits(pooled, part)
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

/** In standard errors: a fit that still moved by more is not given. */
const longestLastStep = 0.25

/**
 * Lines of a part that came to rest: where risks nearly tell events from the others few steps do not reach the line, nor where a
 * site missed a pass. `site` and `siteIntercept` are fitted of the whole alone.
 */
export function restedFits({ fits }: Pooled, part: Part): Partial<Readonly<Record<(typeof wholeFits)[number], Fit>>> {
  const named =
    part.family === wholeFamily
      ? wholeFits.map((name) => [name, fits[name]] as const)
      : stratumFits.map((name: StratumFit) => [name, fits[stratumFitName(name, part)]] as const)
  return Object.fromEntries(named.flatMap(([name, fit]) => (isAtRest(fit) ? [[name, fit]] : [])))
}

function isAtRest(fit: Fit | undefined): boolean {
  const error = (fit?.kind === 'line' ? fit.slopeError : fit?.interceptError) ?? 0
  return fit !== undefined && (fit.lastStep ?? Number.POSITIVE_INFINITY) <= longestLastStep * error
}

const wholeFits = ['test', 'testIntercept', 'consortiumIntercept', 'site', 'siteIntercept'] as const

/** Undefined while not every site that stands behind the part has sent its squared influences. */
function varianceOf(pooled: Pooled, part: Pooled['test'][number]): Pooled['variances'][number] | undefined {
  const variance = partOf(pooled.variances, part)
  return variance?.sites.length === part.sites.length ? variance : undefined
}
