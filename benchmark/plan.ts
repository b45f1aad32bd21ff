// Which cells exist, the most telling first: tier 1 of all seeds before tier 2 of any. What says nothing is left out: arms that
// only serve to explain a gain are trained where the gain is looked for, at 20 and 40 % of the outcomes and federated.

import { type Cell, cellId, dependenciesOf, type RecurrenceArm, type Setting } from './cell.ts'
import type { BenchmarkOptions } from './options.ts'
import { trainingOptionNames } from './training-options.ts'

export const knownShares = [0.2, 0.4, 1] as const
/** Where pretraining is looked at more closely: with hardly any outcome. */
const fewestShares = [0.05, 0.1] as const
/** What pretraining buys is told for all of them. */
export const gainShares = [...fewestShares, ...knownShares]
/** Permutations of a Latin square of outcomes. */
const squareSize = 5
/** Squares a seed: one of outcomes of other children, more of any visits', whose mean must come out at a half. */
const squares = { children: 1, visits: 3 } as const

export interface PlannedCell {
  readonly cell: Cell
  readonly tier: number
}

/** All cells of the options, in the order in which they are begun. @param sites names of the sites */
export function planCells(options: BenchmarkOptions, sites: readonly string[]): PlannedCell[] {
  const tiers = options.seeds.map((seed, index) => cellsOfSeed(seed, index === 0 ? sites : []))
  const planned: PlannedCell[] = []
  for (let tier = 1; tier <= options.tier; tier++) {
    for (const ofSeed of tiers) planned.push(...(ofSeed[tier - 1] ?? []).map((cell) => ({ cell, tier })))
  }
  const texts = options.only?.split(',')
  if (texts === undefined) return planned
  const wanted = planned.map(({ cell }) => cell).filter((cell) => texts.some((text) => cellId(cell).includes(text)))
  const kept = new Set([...wanted, ...wanted.flatMap(dependenciesOf)].map(cellId))
  return planned.filter(({ cell }) => kept.has(cellId(cell)))
}

/** Recurrence from 40 % of the outcomes, which have changed places; see {@link Permutation}. */
export function permutedCells(seed: number, mixesVisits: boolean): Cell[] {
  const count = squareSize * (mixesVisits ? squares.visits : squares.children)
  return Array.from({ length: count }, (_, number) => ({
    ...{ kind: 'recurrence', seed, arm: 'order', setting: 'federated', known: 0.4 },
    permutation: { number, of: squareSize, ...(mixesVisits && { mixesVisits }) },
  }))
}

/** @param leftOut sites that are left out one by one; a long job, done for the first seed only */
function cellsOfSeed(seed: number, leftOut: readonly string[]): Cell[][] {
  const recurrence = (arm: RecurrenceArm, setting: Setting, shares: readonly number[]): Cell[] =>
    shares.map((known) => ({ kind: 'recurrence', seed, arm, setting, known }))
  const ordering = (variant: Extract<Cell, { kind: 'ordering' }>['variant'], setting: Setting): Cell => ({
    kind: 'ordering',
    seed,
    variant,
    setting,
  })
  return [
    [
      ordering('order', 'federated'),
      ...recurrence('order', 'federated', [0.2, 0.4]),
      ...recurrence('scratch', 'federated', [0.2, 0.4]),
      ...recurrence('order', 'federated', fewestShares),
      ...recurrence('scratch', 'federated', fewestShares),
      ...recurrence('histogram', 'federated', [0.2, 0.4, 1]),
      ...knownShares.map((known): Cell => ({ kind: 'plain', seed, known })),
      { kind: 'shortcuts', seed },
      { kind: 'lesion-change', seed },
    ],
    [
      ordering('shuffled', 'federated'),
      ordering('auxiliary', 'federated'),
      ...recurrence('shuffled', 'federated', [0.2, 0.4]),
      ...recurrence('auxiliary', 'federated', [0.2, 0.4]),
      ...recurrence('single-scan', 'federated', [0.4]),
      ...permutedCells(seed, false),
      ...permutedCells(seed, true),
    ],
    [
      ordering('order', 'pooled'),
      ordering('order', 'local'),
      ...recurrence('order', 'pooled', [0.4]),
      ...recurrence('order', 'local', [0.4]),
      ...recurrence('order', 'federated', [1]),
      ...recurrence('scratch', 'federated', [1]),
    ],
    [
      ordering('embeddings-only', 'federated'),
      ...recurrence('embeddings-only', 'federated', [0.2, 0.4, ...fewestShares]),
      ...recurrence('embeddings-scratch', 'federated', [0.2, 0.4, ...fewestShares]),
      ordering('embeddings-shuffled', 'federated'),
      ...recurrence('embeddings-shuffled', 'federated', fewestShares),
      ordering('embeddings-auxiliary', 'federated'),
      ...recurrence('embeddings-auxiliary', 'federated', fewestShares),
      ...recurrence('histogram', 'federated', fewestShares),
      ordering('no-maxima', 'federated'),
      ordering('no-warm-up', 'federated'),
      ...recurrence('no-maxima', 'federated', [0.2, 0.4]),
      ...recurrence('no-warm-up', 'federated', [0.2]),
      ...recurrence('scratch', 'pooled', [0.4]),
      ...recurrence('scratch', 'local', [0.4]),
      ...recurrence('histogram', 'pooled', [0.4]),
      ...recurrence('histogram', 'local', [0.4]),
    ],
    trainingOptionNames.flatMap((option) => recurrence(option, 'federated', [0.4])),
    [
      ...recurrence('order', 'pooled', [0.2, 1]),
      ...recurrence('order', 'local', [0.2, 1]),
      ...recurrence('single-scan', 'federated', [1]),
      ...(leftOut.length > 0 ? [{ kind: 'upgrade', seed } as const] : []),
      ...leftOut.map((site): Cell => ({ kind: 'left-out', seed, site })),
    ],
  ]
}
