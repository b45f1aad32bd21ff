// Which levels of a family leave beside those of the families before it, and in which cells: cut as finely as may be, then made
// coarser and fewer until no difference rests on 1 to k − 1 children (differences.ts).

import { childrenOf, type DecidedLandmark } from '../landmark.ts'
import { riskBinCount, riskBinOf } from '../risk-bins.ts'
import { cellsOfDivision, findLeak, type Leak, type Target } from './differences.ts'
import {
  divisionOf,
  knownOf,
  type Level,
  ofSide,
  type RiskOf,
  type SentFamily,
  type Side,
  sides,
} from './sent-levels.ts'
import { wholeFamily } from './strata.ts'

export interface Surroundings {
  /** All landmarks of the fold. */
  readonly rows: readonly DecidedLandmark[]
  /** The whole first. */
  readonly before: readonly SentFamily[]
  readonly minCell: number
  readonly riskOf: RiskOf
}

/**
 * Levels cut as finely as the whole allows: each of its edges, from the lowest risk up, goes to as many levels as have enough
 * children on either side, unless something could then be had as a difference from the whole.
 */
export function withEdges(levels: readonly Level[], side: Side, surroundings: Surroundings): readonly Level[] {
  const { rows: all, before, minCell, riskOf } = surroundings
  const whole = before[0]?.known[side]
  const placed = levels.map(({ rows }) =>
    ofSide(rows, side).map((row) => ({ child: row.child, bin: riskBinOf(riskOf?.(row) ?? row.risk) })),
  )
  const isSafe = (finer: readonly Level[], edge: number): boolean => {
    if (whole === undefined) return false
    const cells = cellsOfDivision(divisionOf(ofSide(all, side), finer, side, riskOf)).filter(({ level }) => level >= 0)
    // Ranges that do not end here are looked at when all edges stand.
    const ending = whole.targets.filter(({ from, to }) => from === edge || to === edge)
    return findLeak(whole.rows, whole.division, ending, cells, minCell) === undefined
  }
  const childrenIn = (level: number, from: number, to: number): number =>
    childrenOf((placed[level] ?? []).filter(({ bin }) => bin >= from && bin < to))
  let current = levels
  for (const edge of before[0]?.levels.get(wholeFamily)?.[side].slice(1, -1) ?? []) {
    const below = (level: number): number => childrenIn(level, current[level]?.edges[side].at(-2) ?? 0, edge)
    const ready = [...levels.keys()]
      .filter((level) => below(level) >= minCell && childrenIn(level, edge, riskBinCount) >= minCell)
      .sort((a, b) => below(b) - below(a))
    for (; ready.length > 0; ready.pop()) {
      const finer = current.map((level, index) => (ready.includes(index) ? withEdge(level, side, edge) : level))
      if (!isSafe(finer, edge)) continue
      current = finer
      break
    }
  }
  return current
}

function withEdge(level: Level, side: Side, edge: number): Level {
  return { ...level, edges: { ...level.edges, [side]: [...level.edges[side].slice(0, -1), edge, riskBinCount] } }
}

/** Levels without leaks: each step drops an edge or a level, so there is an end. */
export function settled(levels: readonly Level[], surroundings: Surroundings): readonly Level[] {
  let current = levels
  // No number of children is above 0 and below 1.
  for (let isClean = surroundings.minCell <= 1; !isClean; ) {
    isClean = true
    for (const side of sides) {
      for (let step = stepFrom(current, side, surroundings); step !== undefined; ) {
        isClean = false
        current = step
        step = stepFrom(current, side, surroundings)
      }
    }
  }
  return current
}

/** Levels without the first leak that is found; undefined where there is none. */
function stepFrom(levels: readonly Level[], side: Side, surroundings: Surroundings): readonly Level[] | undefined {
  const { rows, before, minCell, riskOf } = surroundings
  const own = knownOf(rows, levels, side, riskOf)
  for (const [index, { known }] of before.entries()) {
    const other = known[side]
    // All levels and what is not sent make the whole: there is nothing to learn from that.
    const cells = index === 0 ? own.cells.filter(({ level }) => level >= 0) : own.cells
    const inOther = findLeak(other.rows, other.division, other.targets, cells, minCell)
    if (inOther !== undefined) return withoutCell(levels, side, inOther)
    const inOwn = findLeak(own.rows, own.division, own.targets, other.cells, minCell)
    if (inOwn !== undefined) return withoutTarget(levels, side, inOwn.target)
  }
  return undefined
}

/** A cell of those that can be subtracted made wider, in the hope that it no longer lies inside the target, or a level withheld. */
function withoutCell(levels: readonly Level[], side: Side, { inside }: Leak): readonly Level[] {
  const cells = inside.filter(({ level }) => level >= 0).sort((a, b) => a.rows.length - b.rows.length)
  const isWhollyInside = (level: number): boolean =>
    cells.filter((cell) => cell.level === level).length + 1 === levels[level]?.edges[side].length
  const widened = cells.find(({ level }) => !isWhollyInside(level))
  if (widened !== undefined) return withoutEdge(levels, side, widened)
  const involved = new Set(cells.map(({ level }) => level))
  return withoutSmallest(levels, (level) => involved.size === 0 || involved.has(level))
}

/** The target made unknown: an edge of it dropped, or a level withheld. */
function withoutTarget(levels: readonly Level[], side: Side, { level, from, to }: Target): readonly Level[] {
  if (to - from === riskBinCount) return withoutSmallest(levels, (index) => level < 0 || index === level)
  return withoutEdge(levels, side, { from, to })
}

/** The upper edge goes, or the lower one where nothing lies above; from all levels, which else would differ in what it cut. */
function withoutEdge(
  levels: readonly Level[],
  side: Side,
  { from, to }: Pick<Target, 'from' | 'to'>,
): readonly Level[] {
  const dropped = to === riskBinCount ? from : to
  return levels.map((one) => ({
    ...one,
    edges: { ...one.edges, [side]: one.edges[side].filter((edge) => edge !== dropped) },
  }))
}

function withoutSmallest(levels: readonly Level[], isMeant: (level: number) => boolean): readonly Level[] {
  const smallest = smallestOf(levels, isMeant) ?? missing()
  return levels.filter((level) => level !== smallest)
}

function smallestOf(levels: readonly Level[], isMeant: (level: number) => boolean): Level | undefined {
  return levels
    .filter((_, index) => isMeant(index))
    .reduce<Level | undefined>((least, one) => (least && least.rows.length <= one.rows.length ? least : one), undefined)
}

function missing(): never {
  throw new Error('a difference was found where nothing is sent')
}
