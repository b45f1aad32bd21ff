// The order of landmarks of one site among those of the others. Cells tell it, and the smaller the sites the more coarsely: where
// five children make a cell, a site with ten has two. So each site compares its own landmarks, as they are, with the curve that
// the others' cells make, and says by how much more pairs are won than cells made believe: one number over all of them. Once every
// site has, an error is left only where the cells of both sites of a pair are wrong: the product of two small ones.

import { type Curve, sum, wonPairs } from './curve.ts'
import type { DecidedLandmark } from './landmark.ts'
import { partOfCurve, type SitePart } from './pooled-summary.ts'
import { edgeRisk, riskBinOf } from './risk-bins.ts'

/** The curve of all sites, as this site's cells make it and as the others' do. */
export interface DividedCurve {
  readonly own: Curve
  readonly others: Curve
}

/** @param evenly of all sites too (pooled-summary.ts) */
export function divideCurve(curve: Curve, evenly: Curve, site: SitePart): DividedCurve {
  const own = partOfCurve(site, evenly)
  const less = (side: keyof Curve): number[] => curve[side].map((weight, bin) => weight - (own[side][bin] ?? 0))
  return { own, others: { cases: less('cases'), controls: less('controls') } }
}

/**
 * Weight of landmarks of the other class elsewhere with which a landmark is in the right order. They lie evenly within a bin of risk: it
 * changes with every change of the risk, so that no sum over it could come from a few bins alone.
 */
export function wonElsewhere({ others }: DividedCurve): (row: DecidedLandmark) => number {
  const [casesBelow, controlsBelow] = [weightBelow(others.cases), weightBelow(others.controls)]
  const cases = sum(others.cases)
  return ({ risk, outcome }) => (outcome === 1 ? controlsBelow(risk) : cases - casesBelow(risk))
}

/** Weight of pairs of an own landmark and one elsewhere: those that are won less those that the own cells give. */
export function wonBeyondCells(rows: readonly DecidedLandmark[], divided: DividedCurve): number {
  const { own, others } = divided
  const won = wonElsewhere(divided)
  const byCells =
    wonPairs({ cases: own.cases, controls: others.controls }) +
    wonPairs({ cases: others.cases, controls: own.controls })
  return sum(rows.map((row) => row.weight * won(row))) - byCells
}

function weightBelow(weights: readonly number[]): (risk: number) => number {
  let total = 0
  const below = weights.map((weight) => {
    total += weight
    return total - weight
  })
  return (risk) => {
    const bin = riskBinOf(risk)
    const share = (risk - edgeRisk(bin)) / (edgeRisk(bin + 1) - edgeRisk(bin))
    return (below[bin] ?? 0) + share * (weights[bin] ?? 0)
  }
}
