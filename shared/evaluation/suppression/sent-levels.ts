// Levels of a family on their way out, and what a reader knows of the landmarks once they have left.

import type { DecidedLandmark } from '../landmark.ts'
import { riskBinOf } from '../risk-bins.ts'
import { cellsOfDivision, type Division, type SentCell, type Target, targetsOf } from './differences.ts'

/** Edges of cells for landmarks with an event and without one. */
export interface CellEdges {
  readonly cases: readonly number[]
  readonly controls: readonly number[]
}

export type Side = keyof CellEdges
export const sides: readonly Side[] = ['cases', 'controls']

/** The risk that goes into the cells, where it is not the landmark's own. */
export type RiskOf = ((row: DecidedLandmark) => number) | undefined

/** A level with its landmarks of both classes, and its cells. */
export interface Level {
  readonly name: string
  readonly rows: readonly DecidedLandmark[]
  readonly edges: CellEdges
}

/** A family as it leaves: the cells of each of its levels that may, and what they let a reader know. */
export interface SentFamily {
  readonly levels: ReadonlyMap<string, CellEdges>
  readonly known: Readonly<Record<Side, Known>>
}

/** Of one class: all landmarks of the fold, how they are divided, and the sums that are known or can be subtracted. */
export interface Known {
  readonly rows: readonly DecidedLandmark[]
  readonly division: Division
  readonly targets: readonly Target[]
  readonly cells: readonly SentCell[]
}

/** `rows`: all landmarks of the fold, those too that stand at none of the levels. */
export function sentFamily(rows: readonly DecidedLandmark[], levels: readonly Level[], riskOf: RiskOf): SentFamily {
  const known = (side: Side): Known => knownOf(rows, levels, side, riskOf)
  return {
    levels: new Map(levels.map(({ name, edges }) => [name, edges])),
    known: { cases: known('cases'), controls: known('controls') },
  }
}

export function knownOf(all: readonly DecidedLandmark[], levels: readonly Level[], side: Side, riskOf: RiskOf): Known {
  const rows = ofSide(all, side)
  const division = divisionOf(rows, levels, side, riskOf)
  return { rows, division, targets: targetsOf(division), cells: cellsOfDivision(division) }
}

/** `rows`: all landmarks of one class. */
export function divisionOf(
  rows: readonly DecidedLandmark[],
  levels: readonly Level[],
  side: Side,
  riskOf: RiskOf,
): Division {
  const levelOf = new Map(levels.flatMap(({ rows: own }, index) => own.map((row) => [row, index] as const)))
  return {
    edges: levels.map(({ edges }) => edges[side]),
    levelAt: rows.map((row) => levelOf.get(row) ?? -1),
    binAt: rows.map((row) => riskBinOf(levelOf.has(row) ? (riskOf?.(row) ?? row.risk) : row.risk)),
    isBinnedAsWhole: riskOf === undefined,
  }
}

export function ofSide(rows: readonly DecidedLandmark[], side: Side): readonly DecidedLandmark[] {
  return rows.filter(({ outcome }) => (side === 'cases') === (outcome === 1))
}
