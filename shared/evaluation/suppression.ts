// Small cells: which levels of a family may leave, and in which cells, so that no sum over landmarks rests on fewer than k
// children of a class, neither as it is sent nor as a difference of sums that are sent (differences.ts). What is not sent is
// shown as "<k".

import { edgesFor } from './cells.ts'
import {
  cellsOfDivision,
  type Division,
  findLeak,
  type Leak,
  type SentCell,
  type Target,
  targetsOf,
} from './differences.ts'
import { childrenOf, type DecidedLandmark } from './landmark.ts'
import { riskBinCount, riskBinOf } from './risk-bins.ts'
import { wholeFamily } from './strata.ts'

/** Edges of cells for landmarks with an event and without one. */
export interface CellEdges {
  readonly cases: readonly number[]
  readonly controls: readonly number[]
}

type Side = keyof CellEdges
const sides: readonly Side[] = ['cases', 'controls']

/** A family as it leaves: the cells of each of its levels that may, and what they let a reader know. */
export interface SentFamily {
  readonly levels: ReadonlyMap<string, CellEdges>
  readonly known: Readonly<Record<Side, Known>>
}

interface Known {
  readonly rows: readonly DecidedLandmark[]
  readonly division: Division
  readonly targets: readonly Target[]
  readonly cells: readonly SentCell[]
}

/** A way to divide the landmarks of the whole, or some of them. */
export interface Family {
  readonly levels: ReadonlyMap<string, readonly DecidedLandmark[]>
  /** The risk that goes into the cells, where it is not the landmark's own. */
  readonly riskOf?: (row: DecidedLandmark) => number
}

/** Whether at least k children stand behind the events and behind the others. */
export function mayLeave(rows: readonly DecidedLandmark[], minCell: number): boolean {
  return sides.every((side) => childrenOf(of(rows, side)) >= minCell)
}

/** The cells for all landmarks of a fold. The rows must be such as `mayLeave`. */
export function wholeEdges(rows: readonly DecidedLandmark[], minCell: number): CellEdges {
  return { cases: edgesFor(of(rows, 'cases'), minCell), controls: edgesFor(of(rows, 'controls'), minCell) }
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

interface Level {
  readonly name: string
  readonly rows: readonly DecidedLandmark[]
  readonly edges: CellEdges
}

interface Surroundings {
  readonly rows: readonly DecidedLandmark[]
  readonly before: readonly SentFamily[]
  readonly minCell: number
  readonly riskOf: Family['riskOf']
}

/**
 * Levels cut as finely as the whole allows: each of its edges, from the lowest risk up, goes to as many levels as have enough
 * children on either side, unless something could then be had as a difference from the whole.
 */
function withEdges(levels: readonly Level[], side: Side, surroundings: Surroundings): readonly Level[] {
  const { rows: all, before, minCell, riskOf } = surroundings
  const whole = before[0]?.known[side]
  const placed = levels.map(({ rows }) =>
    of(rows, side).map((row) => ({ child: row.child, bin: riskBinOf(riskOf?.(row) ?? row.risk) })),
  )
  const isSafe = (finer: readonly Level[], edge: number): boolean => {
    if (whole === undefined) return false
    const cells = cellsOfDivision(divisionOf(of(all, side), finer, side, riskOf)).filter(({ level }) => level >= 0)
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
function settled(levels: readonly Level[], surroundings: Surroundings): readonly Level[] {
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

function sentFamily(rows: readonly DecidedLandmark[], levels: readonly Level[], riskOf: Family['riskOf']): SentFamily {
  const known = (side: Side): Known => knownOf(rows, levels, side, riskOf)
  return {
    levels: new Map(levels.map(({ name, edges }) => [name, edges])),
    known: { cases: known('cases'), controls: known('controls') },
  }
}

function knownOf(
  all: readonly DecidedLandmark[],
  levels: readonly Level[],
  side: Side,
  riskOf: Family['riskOf'],
): Known {
  const rows = of(all, side)
  const division = divisionOf(rows, levels, side, riskOf)
  return { rows, division, targets: targetsOf(division), cells: cellsOfDivision(division) }
}

function divisionOf(
  rows: readonly DecidedLandmark[],
  levels: readonly Level[],
  side: Side,
  riskOf: Family['riskOf'],
): Division {
  const levelOf = new Map(levels.flatMap(({ rows: own }, index) => own.map((row) => [row, index] as const)))
  return {
    edges: levels.map(({ edges }) => edges[side]),
    levelAt: rows.map((row) => levelOf.get(row) ?? -1),
    binAt: rows.map((row) => riskBinOf(levelOf.has(row) ? (riskOf?.(row) ?? row.risk) : row.risk)),
    isBinnedAsWhole: riskOf === undefined,
  }
}

function of(rows: readonly DecidedLandmark[], side: Side): readonly DecidedLandmark[] {
  return rows.filter(({ outcome }) => (side === 'cases') === (outcome === 1))
}
