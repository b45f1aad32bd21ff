// The parts of a fold that leave a site: the whole, the levels of every family, and the same landmarks with fewer scans
// shown. The same landmarks give the same parts in every pass, so no pass cuts cells anew.

import type { CensoringCurve } from '../censoring.ts'
import { decided } from '../censoring.ts'
import type { DecidedLandmark, Landmark } from '../landmark.ts'
import type { CellEdges, SentFamily } from './sent-levels.ts'
import { familiesOf, type Part, wholePart } from './strata.ts'
import { mayLeave, sendFamily, sendWhole, wholeEdges } from './suppression.ts'

/** A part of a fold with its landmarks, for use inside the site. */
export interface Stratum extends Part {
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
  const whole = wholeStratum(rows, minCell)
  if (whole === undefined) return []
  const sent: [SentFamily, ...SentFamily[]] = [sendWhole(rows, minCell)]
  const levels = [...familiesOf(rows)].flatMap(([name, byLevel]) => {
    const family = sendFamily({ levels: byLevel }, sent, minCell)
    sent.push(family)
    return [...family.levels].map(([level, edges]) => ({ family: name, level, rows: byLevel.get(level) ?? [], edges }))
  })
  return [whole, ...levels, ...byScansShown(rows, sent, minCell)]
}

/** All decided landmarks of a fold, in the same cells as beside its levels; undefined when they may not leave. */
export function wholeStratum(rows: readonly DecidedLandmark[], minCell: number): Stratum | undefined {
  if (!mayLeave(rows, minCell)) return undefined
  return { ...wholePart, rows, edges: wholeEdges(rows, minCell) }
}

/** Each number of scans shown is a family of its own: the same landmarks with other risks. */
function byScansShown(
  rows: readonly DecidedLandmark[],
  before: readonly [SentFamily, ...SentFamily[]],
  minCell: number,
): readonly Stratum[] {
  const fixed = rows.filter(({ visits, riskByShown }) => visits === visitOfShown && riskByShown.length >= visitOfShown)
  const sent: [SentFamily, ...SentFamily[]] = [...before]
  const strata = Array.from({ length: visitOfShown }, (_, index) => {
    const level = String(index + 1)
    const riskOf = ({ risk, riskByShown }: DecidedLandmark): number => riskByShown[index] ?? risk
    const family = sendFamily({ levels: new Map([[level, fixed]]), riskOf }, sent, minCell)
    sent.push(family)
    const shown = fixed.map((row) => ({ ...row, visits: index + 1, risk: riskOf(row) }))
    return [...family.levels.values()].map((edges) => ({ family: 'shown', level, rows: shown, edges }))
  })
  return strata.flat()
}
