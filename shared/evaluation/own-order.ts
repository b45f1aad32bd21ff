// What bins of risk hide of the order among a site's own landmarks. The AUROC counts pairs of one site exactly, so the influence
// of a landmark must too: with bins alone, landmarks that differ within a bin seem tied, and an interval comes out too narrow.

import { sum } from './curve.ts'
import { exactGroups, type GroupOf, summarise } from './figures.ts'
import type { DecidedLandmark } from './landmark.ts'
import { riskBinCount } from './risk-bins.ts'

/** A weight of own landmarks, of each landmark. */
export type OwnOrder = (row: DecidedLandmark) => number

/** Weight of own landmarks that a landmark truly beats less that which it beats by bins, ties half. */
export function ownOrder(rows: readonly DecidedLandmark[], groupOf: GroupOf): OwnOrder {
  const exact = middlesOf(rows, exactGroups(rows))
  const binned = middlesOf(rows, { count: riskBinCount, groupOf })
  return ({ risk, outcome }) =>
    outcome === 1 ? exact.controls(risk) - binned.controls(risk) : binned.cases(risk) - exact.cases(risk)
}

/** Weight of own landmarks of the other class with which a landmark is in the right order, ties half. */
export function wonHere(rows: readonly DecidedLandmark[]): OwnOrder {
  const exact = middlesOf(rows, exactGroups(rows))
  const cases = sum(rows.map(({ outcome, weight }) => outcome * weight))
  return ({ risk, outcome }) => (outcome === 1 ? exact.controls(risk) : cases - exact.cases(risk))
}

/** The weight of one class below a risk, with half of that in its own group. */
function middlesOf(rows: readonly DecidedLandmark[], groups: { readonly count: number; readonly groupOf: GroupOf }) {
  const { curve } = summarise(rows, groups)
  const middles = (weights: readonly number[]): ((risk: number) => number) => {
    let below = 0
    const at = weights.map((weight) => {
      const middle = below + weight / 2
      below += weight
      return middle
    })
    return (risk) => at[groups.groupOf(risk)] ?? 0
  }
  return { cases: middles(curve.cases), controls: middles(curve.controls) }
}
