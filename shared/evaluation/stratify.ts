// The parts of a fold that leave a site: the whole, the levels of every family, and the same landmarks with fewer scans
// shown. The same landmarks give the same parts in every pass, so no pass cuts cells anew.

import type { CensoringCurve } from './censoring.ts'
import { decided } from './censoring.ts'
import type { DecidedLandmark, Landmark } from './landmark.ts'
import { familiesOf, wholeFamily } from './strata.ts'
import { type CellEdges, levelsThatLeave, mayLeave, wholeEdges } from './suppression.ts'

/** A part of a fold with its landmarks, for use inside the site. */
export interface Stratum {
  readonly family: string
  readonly level: string
  readonly rows: readonly DecidedLandmark[]
  readonly edges: CellEdges
}

/** The visit at which the number of scans shown is varied: children and outcomes are then the same for every number. */
export const visitOfShown = 6

/** The whole fold first. Empty when too few children stand behind events, or behind landmarks without one. */
export function stratify(
  landmarks: readonly Landmark[],
  horizonDays: number,
  curve: CensoringCurve,
  minCell: number,
): readonly Stratum[] {
  const rows = decided(landmarks, horizonDays, curve)
  if (!mayLeave(rows, minCell)) return []
  const edges = wholeEdges(rows, minCell)
  const levels = [...familiesOf(rows)].flatMap(([family, byLevel]) =>
    [...levelsThatLeave(byLevel, edges, minCell)].map(([level, levelEdges]) => ({
      family,
      level,
      rows: byLevel.get(level) ?? [],
      edges: levelEdges,
    })),
  )
  return [{ family: wholeFamily, level: wholeFamily, rows, edges }, ...levels, ...byScansShown(rows, minCell)]
}

function byScansShown(rows: readonly DecidedLandmark[], minCell: number): readonly Stratum[] {
  const fixed = rows.filter(({ visits, riskByShown }) => visits === visitOfShown && riskByShown.length >= visitOfShown)
  if (!mayLeave(fixed, minCell)) return []
  return Array.from({ length: visitOfShown }, (_, index) => {
    const shown = fixed.map((row) => ({ ...row, visits: index + 1, risk: row.riskByShown[index] ?? row.risk }))
    return { family: 'shown', level: String(index + 1), rows: shown, edges: wholeEdges(shown, minCell) }
  })
}
