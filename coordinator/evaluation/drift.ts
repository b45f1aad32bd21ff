// Drift of calibration while a model was trained: whether the risks on the validation folds were as high as what happened, round
// by round.

import { addMetrics, type RoundStatus } from '../status.ts'

/** Of the weights that were handed out in a round. */
export interface DriftPoint {
  readonly stage: number
  readonly round: number
  readonly meanRisk: number
  readonly eventRate: number
}

/**
 * Over the sites that said both: a site with few events says how high its risks were and not how often they came true, and
 * a mean over other landmarks is no comparison. Rounds of which no site said both are left out.
 */
export function driftOf(rounds: readonly RoundStatus[]): DriftPoint[] {
  return rounds.flatMap(({ stage, round, sites }) => {
    const both = sites.filter(({ metrics = [] }) => names.every((name) => metrics.some((one) => one.name === name)))
    const totals = addMetrics(both)
    const [meanRisk = Number.NaN, eventRate = Number.NaN] = names.map((name) => {
      const total = totals.find((metric) => metric.name === name)
      return total === undefined ? Number.NaN : total.sum / total.count
    })
    return Number.isFinite(meanRisk + eventRate) ? [{ stage, round, meanRisk, eventRate }] : []
  })
}

const names = ['mean_risk', 'event_rate'] as const
