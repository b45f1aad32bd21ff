// How long cells take, before any has run and while they do: optimiser steps times what a step was measured to take.

import { type Cell, comparesPictures } from './cell.ts'
import type { BenchmarkOptions, BenchmarkPreset } from './options.ts'

/** A step of four children on one of two threads that run at once, with scoring and averaging spread over them. */
const stepSeconds: Readonly<Record<BenchmarkPreset, number>> = { tiny: 0.06, compact: 0.44 }
/** A scan painted, stored, read and prepared on one thread; the growth cohort is painted at 2 mm. */
const scanSeconds = { hardened: 0.06, growth: 0.2 } as const
const scansPerChild = 5.4
const batchChildren = 4
const trainShare = 0.8

/** Seconds of one thread. */
export function cellSeconds(cell: Cell, options: BenchmarkOptions): number {
  const { children, testChildren, orderingRounds, preset } = options
  const step = stepSeconds[preset]
  const scoring = testChildren * 6 * step * 0.02
  const ordering = (orderingRounds * 2 * children * trainShare * step) / batchChildren
  const recurrence = (share: number, rounds = options.comparingRounds): number =>
    Math.max(rounds * 6, (rounds * children * share * trainShare) / batchChildren) * step
  switch (cell.kind) {
    case 'ordering':
      return ordering * (cell.variant === 'auxiliary' ? 0.8 : 1) + scoring
    case 'recurrence':
      if (cell.arm === 'histogram') return 0.2 * recurrence(cell.known, options.recurrenceRounds)
      return recurrence(cell.known, comparesPictures(cell.arm) ? undefined : options.recurrenceRounds) + scoring
    case 'left-out':
      return 0.83 * (ordering + recurrence(1)) + scoring
    case 'upgrade':
      return (
        cohortSeconds(upgradeOptions(options)) +
        cellSeconds({ ...cell, kind: 'ordering', variant: 'order', setting: 'federated' }, upgradeOptions(options))
      )
    case 'lesion-change':
      return 5 + scoring
    case 'plain':
      return 2 * scoring
    case 'shortcuts':
      return 5
  }
}

/** The cohort of the upgrade cell is smaller: it shows a large effect. */
export function upgradeOptions(options: BenchmarkOptions): BenchmarkOptions {
  return { ...options, children: Math.min(options.children, 60), testChildren: Math.min(options.testChildren, 60) }
}

/** Seconds of one thread to make a seed's cohort. */
export function cohortSeconds({ cohort, children, testChildren }: BenchmarkOptions): number {
  return (2 * children * scansPerChild + testChildren * 6) * scanSeconds[cohort]
}
