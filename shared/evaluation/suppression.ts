// Small cells: which levels of a family may leave, and in which cells, so that no number rests on fewer than k children,
// neither as it is sent nor as a difference of numbers that are sent. What is not sent is shown as "<k".

import { edgesFor } from './cells.ts'
import { childrenOf, type DecidedLandmark } from './landmark.ts'
import { riskBinCount, riskBinOf } from './risk-bins.ts'

/** Edges of cells for landmarks with an event and without one. */
export interface CellEdges {
  readonly cases: readonly number[]
  readonly controls: readonly number[]
}

type Side = keyof CellEdges
const sides: readonly Side[] = ['cases', 'controls']

/** Whether at least k children stand behind the events and behind the others. */
export function mayLeave(rows: readonly DecidedLandmark[], minCell: number): boolean {
  return sides.every((side) => childrenOf(of(rows, side)) >= minCell)
}

/** The cells for all landmarks of a fold. The rows must be such as `mayLeave`. */
export function wholeEdges(rows: readonly DecidedLandmark[], minCell: number): CellEdges {
  return { cases: edgesFor(of(rows, 'cases'), minCell), controls: edgesFor(of(rows, 'controls'), minCell) }
}

/**
 * The levels of a family that may leave beside the whole, each with its cells. A level with too few children is withheld,
 * and with it the next smallest as long as what is withheld could be recovered from the whole and would rest on too few.
 * Edges are dropped until the same holds inside every range of risk (`safeEdges`).
 */
export function levelsThatLeave(
  levels: ReadonlyMap<string, readonly DecidedLandmark[]>,
  whole: CellEdges,
  minCell: number,
): ReadonlyMap<string, CellEdges> {
  const leaving = [...levels].filter(([, rows]) => mayLeave(rows, minCell)).sort(([, a], [, b]) => a.length - b.length)
  let withheld = [...levels].filter(([, rows]) => !mayLeave(rows, minCell)).flatMap(([, rows]) => rows)
  while (leaving.length > 0 && isSmall(withheld, minCell)) withheld = [...withheld, ...(leaving.shift()?.[1] ?? [])]
  const parts = [...leaving.map(([, rows]) => rows), withheld]
  const cases = safeEdges(
    parts.map((rows) => of(rows, 'cases')),
    whole.cases,
    minCell,
  )
  const controls = safeEdges(
    parts.map((rows) => of(rows, 'controls')),
    whole.controls,
    minCell,
  )
  return new Map(
    leaving
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([level, rows]) => {
        const part = parts.indexOf(rows)
        return [level, { cases: cases[part] ?? [], controls: controls[part] ?? [] }] as const
      }),
  )
}

/** Whether there are landmarks of a class, but of fewer than k children. */
function isSmall(rows: readonly DecidedLandmark[], minCell: number): boolean {
  return sides.some((side) => {
    const children = childrenOf(of(rows, side))
    return children > 0 && children < minCell
  })
}

/**
 * Edges for each part of one class; the last part is not sent. Of every set of parts a reader knows the sums between edges
 * that all of them share, and between edges that all the others share with the whole. Wherever such a range would hold the
 * landmarks of 1 to k − 1 children of that set, its inner edge is dropped from all parts.
 */
function safeEdges(
  parts: readonly (readonly DecidedLandmark[])[],
  whole: readonly number[],
  minCell: number,
): readonly (readonly number[])[] {
  const sent = parts.slice(0, -1).map((rows) => new Set(edgesFor(rows, minCell)))
  const edges = [...sent, new Set([0, riskBinCount])]
  const placed = parts.map((rows) => rows.map(({ risk, child }) => ({ bin: riskBinOf(risk), child })))
  const all = 2 ** parts.length - 1
  for (let members = 1; members < all; ) {
    const inside = edges.filter((_, part) => has(members, part))
    const outside = edges.filter((_, part) => !has(members, part))
    const known = knownEdges(inside, outside, whole)
    const rows = placed.filter((_, part) => has(members, part)).flat()
    const drop = innerEdgeOfSmallRange(known, rows, minCell)
    for (const part of edges) if (drop !== undefined) part.delete(drop)
    // An edge that is gone makes ranges wider for every set, so only this one has to be looked at again.
    if (drop === undefined) members++
  }
  return edges.map((part) => [...part].sort((a, b) => a - b))
}

/** An edge between the first range that holds 1 to k − 1 children and its neighbour. */
function innerEdgeOfSmallRange(
  known: readonly number[],
  rows: readonly { readonly bin: number; readonly child: string }[],
  minCell: number,
): number | undefined {
  for (const [index, to] of known.slice(1).entries()) {
    const from = known[index] ?? 0
    const children = childrenOf(rows.filter(({ bin }) => bin >= from && bin < to))
    if (children === 0 || children >= minCell) continue
    const edge = to === riskBinCount ? from : to
    if (edge > 0) return edge
  }
  return undefined
}

function knownEdges(
  inside: readonly ReadonlySet<number>[],
  outside: readonly ReadonlySet<number>[],
  whole: readonly number[],
): readonly number[] {
  const shared = [...(inside[0] ?? [])].filter((edge) => inside.every((part) => part.has(edge)))
  const byDifference = whole.filter((edge) => outside.every((part) => part.has(edge)))
  return [...new Set([...shared, ...byDifference])].sort((a, b) => a - b)
}

function has(members: number, part: number): boolean {
  return Math.floor(members / 2 ** part) % 2 === 1
}

function of(rows: readonly DecidedLandmark[], side: Side): readonly DecidedLandmark[] {
  return rows.filter(({ outcome }) => (side === 'cases') === (outcome === 1))
}
