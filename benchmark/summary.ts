// Figures from finished cells: one number a seed, their mean, and intervals that resample seeds and, within each, test children.

import { auroc } from '../demo/report/figures.ts'
import { type Random, seededRandom } from '../shared/random.ts'
import type { Cell } from './cell.ts'
import type { ModelScores, RiskLogits } from './result.ts'
import type { CellStore } from './store.ts'

/** What one seed's test children got from one arm; several models where sites train alone. */
export interface SeedScores {
  readonly seed: number
  readonly labels: readonly (0 | 1)[]
  readonly models: readonly ModelScores[]
}

export interface Spread {
  readonly mean: number
  readonly least: number
  readonly most: number
  readonly count: number
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Scans shown. */
export const shownCounts = [1, 2, 3, 4, 5, 6] as const
const resamples = 1000

/** Scores of the recurrence cells that `cellOf` names, for those seeds whose cell is finished. */
export function recurrenceScores(
  store: CellStore,
  seeds: readonly number[],
  cellOf: (seed: number) => Cell,
): SeedScores[] {
  return seeds.flatMap((seed) => {
    const result = store.find(cellOf(seed))?.result
    if (result?.kind !== 'recurrence') return []
    return [{ seed, labels: result.labels, models: Object.values(result.models) }]
  })
}

/** Scores of a control without a network; `alone` takes the sites' own fits. */
export function plainScores(
  store: CellStore,
  seeds: readonly number[],
  control: string,
  known: number,
  alone: boolean,
): SeedScores[] {
  return seeds.flatMap((seed) => {
    const result = store.find({ kind: 'plain', seed, known })?.result
    if (result?.kind !== 'plain') return []
    const fits = Object.entries(result.controls[control] ?? {}).filter(([by]) => (by === 'all') !== alone)
    if (fits.length === 0) return []
    return [{ seed, labels: result.labels, models: fits.map(([, logits]) => ({ logits, validation: [] })) }]
  })
}

/** AUROC with the last `shown` scans shown, the mean over models where sites train alone; of the children `at`, or all. */
export function seedAuroc({ labels, models }: SeedScores, shown: number, at?: readonly number[]): number {
  const values = models.map(({ logits }) => modelAuroc(labels, logits, shown, at))
  return meanOf(values)
}

/** Mean of the AUROC with 4, 5 and 6 scans shown. */
export function manyScans(scores: SeedScores, at?: readonly number[]): number {
  return meanOf([4, 5, 6].map((shown) => seedAuroc(scores, shown, at)))
}

function modelAuroc(labels: readonly (0 | 1)[], logits: RiskLogits, shown: number, at?: readonly number[]): number {
  const groups: [number[], number[]] = [[], []]
  for (const child of at ?? labels.keys()) groups[labels[child] ?? 0].push(logits[child]?.[shown - 1] ?? Number.NaN)
  return auroc(groups[1], groups[0]) ?? Number.NaN
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  return { mean: meanOf(values), least: Math.min(...values), most: Math.max(...values), count: values.length }
}

export interface PairedDifference {
  readonly bySeed: readonly { readonly seed: number; readonly difference: number }[]
  readonly mean: number
  readonly interval: Interval
}

/**
 * `first − second` on the seeds that have both, with a 95 % interval from resampling seeds and, in each, its test children, the same
 * children for both.
 */
export function pairedDifference(
  first: readonly SeedScores[],
  second: readonly SeedScores[],
  statistic: (scores: SeedScores, at?: readonly number[]) => number,
): PairedDifference | undefined {
  const pairs = first.flatMap((a) => {
    const b = second.find(({ seed }) => seed === a.seed)
    return b === undefined ? [] : [{ a, b }]
  })
  if (pairs.length === 0) return undefined
  const bySeed = pairs.map(({ a, b }) => ({ seed: a.seed, difference: statistic(a) - statistic(b) }))
  const random = seededRandom('paired difference')
  const drawn = Array.from({ length: resamples }, () =>
    meanOf(
      pairs.map(() => {
        const { a, b } = pairs[random.integer(pairs.length)] ?? pairs[0] ?? never()
        const at = drawChildren(a.labels, random)
        return statistic(a, at) - statistic(b, at)
      }),
    ),
  ).toSorted((x, y) => x - y)
  const at = (share: number): number => drawn[Math.round(share * (resamples - 1))] ?? Number.NaN
  return {
    bySeed,
    mean: meanOf(bySeed.map(({ difference }) => difference)),
    interval: { low: at(0.025), high: at(0.975) },
  }
}

/** As many children as there are, with repetition, events and others apart so that both stay. */
function drawChildren(labels: readonly (0 | 1)[], random: Random): number[] {
  const groups = [0, 1].map((label) => [...labels.keys()].filter((child) => labels[child] === label))
  return groups.flatMap((group) => group.map(() => group[random.integer(group.length)] ?? 0))
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function never(): never {
  throw new Error('there is at least one')
}
