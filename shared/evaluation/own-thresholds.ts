// What a site says of itself at the two thresholds. A threshold may cut a cell in two, of which one part is too small to be
// told, so these figures follow from the site's cells and from nothing finer: in the cell that is cut, every landmark counts as
// above the threshold with the share of the cell that is guessed to lie there.

import { figuresAt, influenceAt, type Threshold, type ThresholdMetric, thresholdMetricNames } from './at-threshold.ts'
import { type Curve, sum } from './curve.ts'
import type { DecidedLandmark } from './landmark.ts'
import type { Pooled } from './pooled.ts'
import { pooledSummary } from './pooled-summary.ts'
import { riskBinOf } from './risk-bins.ts'
import type { OwnFigures, StratumCells } from './site-answer.ts'
import type { Cell } from './suppression/cells.ts'
import { thresholdRisk } from './thresholds.ts'

export type ThresholdName = 'ruleOut' | 'ruleIn'

/** What such a figure is called among a site's own. */
export function ownThresholdFigure(name: ThresholdName, metric: ThresholdMetric): string {
  return `${name === 'ruleOut' ? 'rule_out' : 'rule_in'}_${metric}`
}

/** Of a site's whole test fold, at those thresholds that were chosen. */
export function ownAtThresholds(
  cells: StratumCells,
  rows: readonly DecidedLandmark[],
  { thresholds, recalibration }: Pick<Pooled, 'thresholds' | 'recalibration'>,
): OwnFigures {
  const own = spreadCells(cells)
  const at = (name: ThresholdName): OwnFigures => {
    const group = thresholds[name]
    if (group === null) return {}
    return ownAtThreshold(name, { group, risk: thresholdRisk({ recalibration }, group) }, own, rows)
  }
  return { ...at('ruleOut'), ...at('ruleIn') }
}

/** A site's cells, and the curve that is guessed from them alone. */
export interface SpreadCells {
  readonly cells: StratumCells
  readonly curve: Curve
}

export function spreadCells(cells: StratumCells): SpreadCells {
  return { cells, curve: pooledSummary([{ cells }]).summary.curve }
}

/**
 * Figures with standard errors, clustered by child. Where a cell is cut the variance is that of the expected influences and
 * of what is not known besides: the landmarks of a child in one cell are taken to lie on the same side.
 * @param rows that the cells are of
 */
export function ownAtThreshold(
  name: ThresholdName,
  threshold: Threshold,
  own: SpreadCells,
  rows: readonly DecidedLandmark[],
): OwnFigures {
  const values = figuresAt(own.curve, threshold)
  const variances = squaresAtThreshold(own.curve, threshold, own, rows)
  return Object.fromEntries(
    thresholdMetricNames
      .filter((metric) => Number.isFinite(values[metric]))
      .map((metric) => {
        const error = Math.sqrt(variances[metric])
        return [
          ownThresholdFigure(name, metric),
          { value: values[metric], error: Number.isFinite(error) ? error : null },
        ]
      }),
  )
}

type Figures = Record<ThresholdMetric, number>

/**
 * Σ over children of their squared influences on the figures of a curve, of all sites or of this one, as far as the site's
 * cells tell them: exact ones would tell how many landmarks lie above the threshold, be it one.
 */
export function squaresAtThreshold(
  curve: Curve,
  threshold: Threshold,
  own: SpreadCells,
  rows: readonly DecidedLandmark[],
): Readonly<Record<ThresholdMetric, number>> {
  const { group } = threshold
  const above = {
    cases: shareAbove(own.cells.cases, own.curve.cases, group),
    controls: shareAbove(own.cells.controls, own.curve.controls, group),
  }
  // Rows are put on either side by hand, so a row's risk is the number of a bin here.
  const influence = influenceAt(curve, threshold, (bin) => bin)
  const total = zero()
  for (const ofChild of Map.groupBy(rows, ({ child }) => child).values()) {
    const expected = zero()
    const open = { cases: zero(), controls: zero() }
    for (const row of ofChild) {
      const side = row.outcome === 1 ? 'cases' : 'controls'
      const share = above[side](riskBinOf(row.risk))
      const [over, under] = [influence({ ...row, risk: group }), influence({ ...row, risk: group - 1 })]
      for (const metric of thresholdMetricNames) {
        expected[metric] += share * over[metric] + (1 - share) * under[metric]
        if (share > 0 && share < 1)
          open[side][metric] += Math.sqrt(share * (1 - share)) * (over[metric] - under[metric])
      }
    }
    for (const metric of thresholdMetricNames) {
      total[metric] += expected[metric] ** 2 + open.cases[metric] ** 2 + open.controls[metric] ** 2
    }
  }
  return total
}

/** Of the cell that a bin stands in, the share of its weight at or above the threshold. */
function shareAbove(cells: readonly Cell[], weights: readonly number[], group: number): (bin: number) => number {
  const cut = cells.find(({ from, to }) => from < group && group < to)
  const whole = sum(cells.filter(({ from }) => from >= group).map(({ weight }) => weight))
  const inside = cut === undefined ? 0 : (sum(weights.slice(group)) - whole) / cut.weight
  return (bin) => {
    if (cut !== undefined && bin >= cut.from && bin < cut.to) return Math.min(1, Math.max(0, inside))
    return bin >= group ? 1 : 0
  }
}

function zero(): Figures {
  return { sensitivity: 0, specificity: 0, ppv: 0, npv: 0, f1: 0, net_benefit: 0 }
}
