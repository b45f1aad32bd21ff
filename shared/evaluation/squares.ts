// What a site adds to the variance of the pooled figures: sums over its children of their squared influences.

import { onScale } from './calibration/risk-scale.ts'
import { sum } from './curve.ts'
import { influenceOf, type Summary, squaredInfluence } from './figures.ts'
import type { DecidedLandmark } from './landmark.ts'
import type { Recalibration } from './model-card.ts'
import { ownOrder } from './own-order.ts'
import { spreadCells, squaresAtThreshold } from './own-thresholds.ts'
import { countStrataOf, type Pooled } from './pooled.ts'
import { riskBinOf } from './risk-bins.ts'
import { scanCountInfluence } from './scan-count.ts'
import type { SiteAnswer } from './site-answer.ts'
import { cellsOfStratum } from './stratum-cells.ts'
import { partOf } from './suppression/strata.ts'
import type { Stratum } from './suppression/stratify.ts'
import { thresholdRisk } from './thresholds.ts'

type Squares = Extract<SiteAnswer, { pass: 'influence' }>['strata'][number]

/** Of the figures of one of the parts that this site sent; nothing where the consortium told of none. */
export function squaresOf(stratum: Stratum, pooled: Pooled, own: Recalibration): Squares[] {
  const { family, level, rows } = stratum
  const raw = partOf(pooled.test, stratum)
  const after = partOf(pooled.recalibrated, stratum)
  if (raw === undefined || after === undefined) return []
  const on = (scale: 'consortium' | 'site') => squaresOfFigures(onScale(rows, scale, pooled, own), after[scale])
  const squares = squaresOfFigures(rows, raw.summary)
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
      site: on('site'),
      ruleOut: at(pooled.thresholds.ruleOut),
      ruleIn: at(pooled.thresholds.ruleIn),
    },
  ]
}

/** By the pooled curve, but for pairs of two own landmarks, which are compared as they are. */
function squaresOfFigures(rows: readonly DecidedLandmark[], summary: Summary): Record<string, number> {
  const influence = influenceOf(summary, riskBinOf)
  const order = ownOrder(rows, riskBinOf)
  const pairs = sum(summary.curve.cases) * sum(summary.curve.controls)
  const withOrder = (row: DecidedLandmark) => {
    const figures = influence(row)
    return { ...figures, auroc: figures.auroc + (row.weight * order(row)) / pairs }
  }
  return finiteOnly(squaredInfluence(rows, withOrder))
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
