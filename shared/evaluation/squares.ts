// What a site adds to the variance of the pooled figures: sums over its children of their squared influences.

import { type DividedCurve, divideCurve, wonBeyondCells, wonElsewhere } from './between-sites.ts'
import { recalibrated } from './calibration/recalibration.ts'
import { lineOf, onScale } from './calibration/risk-scale.ts'
import { type Curve, sum } from './curve.ts'
import { influenceOf, type Summary, squaredInfluence } from './figures.ts'
import type { DecidedLandmark } from './landmark.ts'
import type { Recalibration } from './model-card.ts'
import { ownOrder, wonHere } from './own-order.ts'
import { spreadCells, squaresAtThreshold } from './own-thresholds.ts'
import { countStrataOf, type Pooled } from './pooled.ts'
import { riskBinOf } from './risk-bins.ts'
import { scanCountInfluence } from './scan-count.ts'
import type { SiteAnswer } from './site-answer.ts'
import { cellsOfStratum } from './stratum-cells.ts'
import { isSamePart, partOf, wholePart } from './suppression/strata.ts'
import type { Stratum } from './suppression/stratify.ts'
import { thresholdRisk } from './thresholds.ts'

type Squares = Extract<SiteAnswer, { pass: 'influence' }>['strata'][number]

/** Of the figures of one of the parts that this site sent; nothing where the consortium told of none. */
export function squaresOf(stratum: Stratum, pooled: Pooled, own: Recalibration): Squares[] {
  const { family, level, rows } = stratum
  const raw = partOf(pooled.test, stratum)
  const after = partOf(pooled.recalibrated, stratum)
  if (raw === undefined || after === undefined) return []
  const divided = isSamePart(stratum, wholePart) ? divisions(stratum, pooled, own) : undefined
  const on = (scale: 'consortium' | 'site', curves?: DividedCurve) =>
    squaresOfFigures(onScale(rows, scale, pooled, own), after[scale], curves)
  const squares = squaresOfFigures(rows, raw.summary, divided?.raw)
  const cells = spreadCells(cellsOfStratum(stratum))
  const at = (group: number | null) => {
    if (group === null) return null
    const threshold = { group, risk: thresholdRisk(pooled, group) }
    return finiteOnly(squaresAtThreshold(raw.summary.curve, threshold, cells, rows))
  }
  return [
    {
      family,
      level,
      raw: squares,
      // One rising line changes no order.
      consortium: { ...on('consortium'), ...(squares.auroc !== undefined && { auroc: squares.auroc }) },
      site: on('site', divided?.site),
      ruleOut: at(pooled.thresholds.ruleOut),
      ruleIn: at(pooled.thresholds.ruleIn),
    },
  ]
}

/**
 * By how much the pairs that this site's landmarks win at other sites outweigh those that its cells give; nothing where it sends no
 * cells, or where what all sites' cells make is not known.
 */
export function orderBetweenSites(
  whole: Stratum | undefined,
  pooled: Pooled,
  own: Recalibration,
): Pick<Extract<SiteAnswer, { pass: 'influence' }>, 'order'> {
  const divided = whole && divisions(whole, pooled, own)
  if (whole === undefined || divided === undefined) return {}
  return {
    order: {
      raw: wonBeyondCells(whole.rows, divided.raw),
      site: wonBeyondCells(onScale(whole.rows, 'site', pooled, own), divided.site),
    },
  }
}

/** The curves of the whole fold, divided into this site's part and that of the others. */
function divisions(
  whole: Stratum,
  pooled: Pooled,
  own: Recalibration,
): Readonly<Record<'raw' | 'site', DividedCurve>> | undefined {
  const { raw, site } = pooled.evenly ?? {}
  const [before, after] = [partOf(pooled.test, wholePart), partOf(pooled.recalibrated, wholePart)]
  if (raw === undefined || site === undefined || before === undefined || after === undefined) return undefined
  const map = (risk: number): number => recalibrated(risk, lineOf('site', pooled, own))
  return {
    raw: divideCurve(before.summary.curve, raw, { cells: cellsOfStratum(whole) }),
    site: divideCurve(after.site.curve, site, { cells: cellsOfStratum(whole, map), map }),
  }
}

/** By the pooled curve, but for pairs of two own landmarks, which are compared as they are. */
function squaresOfFigures(
  rows: readonly DecidedLandmark[],
  summary: Summary,
  divided: DividedCurve | undefined,
): Record<string, number> {
  const influence = influenceOf(summary, riskBinOf)
  const order = divided === undefined ? orderByBins(rows, summary.curve) : orderAmong(rows, summary, divided)
  const withOrder = (row: DecidedLandmark) => {
    const figures = influence(row)
    return { ...figures, auroc: order(row, figures.auroc) }
  }
  return finiteOnly(squaredInfluence(rows, withOrder))
}

type AurocInfluence = (row: DecidedLandmark, byCurve: number) => number

function orderByBins(rows: readonly DecidedLandmark[], { cases, controls }: Curve): AurocInfluence {
  const order = ownOrder(rows, riskBinOf)
  const pairs = sum(cases) * sum(controls)
  return (row, byCurve) => byCurve + (row.weight * order(row)) / pairs
}

/** With the curve of the others alone, since the own part of all sites' is as coarse as the own cells. */
function orderAmong(
  rows: readonly DecidedLandmark[],
  { curve, auroc }: Summary,
  divided: DividedCurve,
): AurocInfluence {
  const [here, elsewhere] = [wonHere(rows), wonElsewhere(divided)]
  const [cases, controls] = [sum(curve.cases), sum(curve.controls)]
  return (row) => {
    const [same, other] = row.outcome === 1 ? [cases, controls] : [controls, cases]
    return (row.weight * ((here(row) + elsewhere(row)) / other - auroc)) / same
  }
}

/** Over the landmarks of the levels that this site sent. */
export function scanCountSquares(test: readonly Stratum[], pooled: Pooled): Record<string, number> {
  const parts = test.filter(({ family }) => family === 'scans')
  const orders = new Map(parts.map(({ level, rows }) => [level, ownOrder(rows, riskBinOf)]))
  const rows = parts.flatMap((stratum) => stratum.rows)
  return finiteOnly(squaredInfluence(rows, scanCountInfluence(countStrataOf(pooled), orders)))
}

function finiteOnly(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))
}
