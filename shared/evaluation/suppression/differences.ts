// What a reader can find out by subtracting numbers that are sent. Of a family a reader knows its cells, sums over
// neighbouring ones, and whatever the whole holds besides a level; of each of these everything of another family that lies
// inside it can be subtracted. A difference with 1 to k − 1 children in it must not be there to be found.

import type { DecidedLandmark } from '../landmark.ts'
import { riskBinCount } from '../risk-bins.ts'

/** One class of a family: where each landmark stands, and at which levels and edges its sums are sent. */
export interface Division {
  /** Of each level that is sent, in rising order from 0 to the number of bins. */
  readonly edges: readonly (readonly number[])[]
  /** Of each landmark, its level by number; −1 where that is not sent. */
  readonly levelAt: readonly number[]
  /** Of each landmark, the bin of its risk. */
  readonly binAt: readonly number[]
  /** Whether the bins are those of the whole, so that cells can be subtracted from its own, or of other risks. */
  readonly isBinnedAsWhole: boolean
}

/** A set of landmarks that is known: those of a level, or all the others, in bins [from, to). */
export interface Target {
  /** By number; −1 for what is not sent at any level. */
  readonly level: number
  readonly isOthers: boolean
  readonly from: number
  readonly to: number
}

/** A cell that can be subtracted. `level` is −1 where it is what the whole holds besides all levels. */
export interface SentCell {
  readonly level: number
  readonly from: number
  readonly to: number
  readonly rows: readonly number[]
}

/** A target of one division and the cells of another that lie inside it: what is left rests on 1 to k − 1 children. */
export interface Leak {
  readonly target: Target
  readonly inside: readonly SentCell[]
}

/** The sets that a division makes known; wide ones first. */
export function targetsOf(division: Division): readonly Target[] {
  const [unsent, shared] = [division.levelAt.includes(-1), sharedEdges(division)]
  const targets = division.edges.flatMap((edges, level) => ranges(edges).map((range) => ({ level, ...range })))
  const besides = unsent ? ranges(shared).map((range) => ({ level: -1, ...range })) : []
  return [...targets, ...besides]
    .flatMap((one) => [
      { ...one, isOthers: false },
      { ...one, isOthers: true },
    ])
    .filter(({ isOthers, from, to }) => !isOthers || division.isBinnedAsWhole || to - from === riskBinCount)
    .sort((a, b) => b.to - b.from - (a.to - a.from))
}

/** The cells of all levels, and those of what is not sent, which the whole less all levels tells. */
export function cellsOfDivision(division: Division): readonly SentCell[] {
  const { edges, levelAt, binAt } = division
  const levels = [...edges.map((own, level) => ({ level, own })), { level: -1, own: sharedEdges(division) }]
  return levels.flatMap(({ level, own }) => {
    const rows = levelAt.flatMap((at, row) => (at === level ? [row] : []))
    return own.slice(1).map((to, index) => {
      const from = own[index] ?? 0
      return { level, from, to, rows: rows.filter((row) => isIn(binAt[row], from, to)) }
    })
  })
}

/** The first target of which so few children are left once the cells inside it are subtracted. */
export function findLeak(
  rows: readonly DecidedLandmark[],
  { levelAt, binAt }: Division,
  targets: readonly Target[],
  cells: readonly SentCell[],
  minCell: number,
): Leak | undefined {
  // Of each landmark, the last target in which it was subtracted; a set for each target would take most of the time.
  const subtractedIn = new Int32Array(rows.length).fill(-1)
  for (const [index, target] of targets.entries()) {
    const { level, isOthers, from, to } = target
    const has = (row: number): boolean => isIn(binAt[row], from, to) && (levelAt[row] === level) !== isOthers
    const inside = cells.filter((cell) => cell.rows.length > 0 && cell.rows.every(has))
    // Cells of a level hold enough children.
    if (inside.length === 0 && level >= 0 && !isOthers) continue
    for (const cell of inside) for (const row of cell.rows) subtractedIn[row] = index
    const left = new Set<string>()
    for (let row = 0; row < rows.length && left.size < minCell; row++) {
      if (has(row) && subtractedIn[row] !== index) left.add(rows[row]?.child ?? '')
    }
    if (left.size > 0 && left.size < minCell) return { target, inside }
  }
  return undefined
}

/** Edges of what is not sent: those that all levels have. */
function sharedEdges({ edges: [first, ...others], isBinnedAsWhole }: Division): readonly number[] {
  return (isBinnedAsWhole && first !== undefined ? first : [0, riskBinCount]).filter((edge) =>
    others.every((edges) => edges.includes(edge)),
  )
}

function ranges(edges: readonly number[]): readonly { readonly from: number; readonly to: number }[] {
  return edges.flatMap((from, index) => edges.slice(index + 1).map((to) => ({ from, to })))
}

function isIn(bin: number | undefined, from: number, to: number): boolean {
  return bin !== undefined && bin >= from && bin < to
}
