// Small cells: which levels of a family may leave, and in which cells, so that no sum over landmarks rests on fewer than k
// children of a class, neither as it is sent nor as a difference of sums that are sent (withholding.ts). What is not sent is
// shown as "<k".

import { childrenOf, type DecidedLandmark } from '../landmark.ts'
import { riskBinCount } from '../risk-bins.ts'
import { edgesFor } from './cells.ts'
import { type CellEdges, type Level, ofSide, type RiskOf, type SentFamily, sentFamily, sides } from './sent-levels.ts'
import { wholeFamily } from './strata.ts'
import { settled, withEdges } from './withholding.ts'

/** A way to divide the landmarks of the whole, or some of them. */
export interface Family {
  readonly levels: ReadonlyMap<string, readonly DecidedLandmark[]>
  readonly riskOf?: RiskOf
}

/** Whether at least k children stand behind the events and behind the others. */
export function mayLeave(rows: readonly DecidedLandmark[], minCell: number): boolean {
  return sides.every((side) => childrenOf(ofSide(rows, side)) >= minCell)
}

/** The cells for all landmarks of a fold. The rows must be such as `mayLeave`. */
export function wholeEdges(rows: readonly DecidedLandmark[], minCell: number): CellEdges {
  return { cases: edgesFor(ofSide(rows, 'cases'), minCell), controls: edgesFor(ofSide(rows, 'controls'), minCell) }
}

/** All landmarks of a fold as a family of one level. */
export function sendWhole(rows: readonly DecidedLandmark[], minCell: number): SentFamily {
  const level: Level = { name: wholeFamily, rows, edges: wholeEdges(rows, minCell) }
  return sentFamily(rows, [level], undefined)
}

/**
 * The levels of a family that may leave beside those of the families before it, the whole first. A level with too few
 * children is withheld. Where a difference would rest on too few, an edge is dropped; where no edge helps, the level with the
 * fewest landmarks is withheld too. Edges are edges of the whole, so that cells never overlap with its own by a few.
 */
export function sendFamily(
  family: Family,
  before: readonly [SentFamily, ...SentFamily[]],
  minCell: number,
): SentFamily {
  const [whole] = before
  const rows = [...whole.known.cases.rows, ...whole.known.controls.rows]
  const { riskOf } = family
  const wide = [...family.levels]
    .filter(([, own]) => mayLeave(own, minCell))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, own]): Level => ({ name, rows: own, edges: { cases: [0, riskBinCount], controls: [0, riskBinCount] } }),
    )
  const surroundings = { rows, before, minCell, riskOf }
  // First which levels leave at all, then their cells: no edge is given up for a level that is withheld anyway.
  const leaving = settled(wide, surroundings)
  const cut = sides.reduce((levels, side) => withEdges(levels, side, surroundings), leaving)
  return sentFamily(rows, settled(cut, surroundings), riskOf)
}
