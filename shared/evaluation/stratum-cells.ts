// The cells of a stratum, with what is exact within it: for use at the site, and as they leave it.

import { exactGroups, summarise } from './figures.ts'
import { childrenOf } from './landmark.ts'
import type { StratumCells } from './site-answer.ts'
import { cellsOf } from './suppression/cells.ts'
import type { Stratum } from './suppression/stratify.ts'

/** @param scale that the risks in the cells are on; where cells end, and the order, the risks as given decide */
export function cellsOfStratum(
  { family, level, rows, edges }: Stratum,
  scale: (risk: number) => number = (risk) => risk,
): StratumCells {
  const [cases, controls] = [rows.filter(({ outcome }) => outcome === 1), rows.filter(({ outcome }) => outcome === 0)]
  const scaled = rows.map((row) => ({ ...row, risk: scale(row.risk) }))
  const { auroc } = summarise(rows, exactGroups(rows))
  return {
    ...{ family, level, children: childrenOf(rows), landmarks: rows.length, auroc },
    logLoss: summarise(scaled, exactGroups(scaled)).logLoss,
    cases: [...cellsOf(cases, edges.cases, ({ risk }) => scale(risk))],
    controls: [...cellsOf(controls, edges.controls, ({ risk }) => scale(risk))],
  }
}

/**
 * The same as they leave: children of a cell rounded down to a multiple of `minCell`. Beside the number of all, exact ones would
 * tell how few had no event where all events stand in one cell.
 */
export function cellsThatLeave(stratum: Stratum, minCell: number, scale?: (risk: number) => number): StratumCells {
  const { cases, controls, ...rest } = cellsOfStratum(stratum, scale)
  const rounded = (cells: StratumCells['cases']): StratumCells['cases'] =>
    cells.map((cell) => ({ ...cell, children: cell.children - (cell.children % minCell) }))
  return { ...rest, cases: rounded(cases), controls: rounded(controls) }
}
