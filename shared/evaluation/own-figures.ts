// What a site says of how well the model does on its own children: each figure is computed inside, from single landmarks, and leaves as
// one number with its error.

import { calibrationByChance } from './calibration/calibration-chance.ts'
import { fitLine } from './calibration/calibration-fit.ts'
import { exactGroups, figuresOf, influenceOf, squaredInfluence, summarise } from './figures.ts'
import type { DecidedLandmark } from './landmark.ts'
import type { OwnFigures } from './site-answer.ts'
import { mayLeave } from './suppression/suppression.ts'

/** Exact figures of this site alone, with standard errors. */
export function ownFigures(rows: readonly DecidedLandmark[], minCell: number): OwnFigures {
  if (!mayLeave(rows, minCell)) return {}
  const groups = exactGroups(rows)
  const summary = summarise(rows, groups)
  const squares = squaredInfluence(rows, influenceOf(summary, groups.groupOf))
  const figures = Object.entries(figuresOf(summary)).map(
    ([name, value]) => [name, { value, error: Math.sqrt(squares[name] ?? Number.NaN) }] as const,
  )
  const line = fitLine(rows, 'line')
  const intercept = fitLine(rows, 'intercept')
  const others = [
    ['ece_by_chance', { value: calibrationByChance(summary.calibration, squares.ece ?? Number.NaN), error: null }],
    ['calibration_slope', { value: line.slope, error: line.slopeError }],
    ['calibration_intercept', { value: intercept.intercept, error: intercept.interceptError }],
  ] as const
  return Object.fromEntries(
    [...figures, ...others].filter(([, { value, error }]) => Number.isFinite(value) && Number.isFinite(error ?? 0)),
  )
}
