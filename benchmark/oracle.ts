// What the truth itself would answer: no model can be judged without knowing how much there is to see.

import type { BenchmarkChild } from './cohort.ts'
import { type SeedScores, shownCounts } from './summary.ts'

/** Scores of the true radius, by what is made of it. */
export const oracles = {
  'true radius of the lesion (oracle)': (radiiMm: readonly number[]) => radiiMm.at(-1) ?? 0,
  'its true change since the first scan shown (oracle)': (radiiMm: readonly number[]) =>
    (radiiMm.at(-1) ?? 0) - (radiiMm[0] ?? 0),
} as const satisfies Record<string, (radiiMm: readonly number[]) => number>

/** True radii of a seed's test children, in their order; undefined where they are not known. */
export type RadiiOf = (seed: number) => readonly BenchmarkChild['radiiMm'][] | undefined

/** Of the seeds and labels of `scores`; with the last k scans shown the oracle knows k radii. */
export function oracleScores(
  scores: readonly SeedScores[],
  radiiOf: RadiiOf,
  oracle: keyof typeof oracles,
): SeedScores[] {
  return scores.flatMap(({ seed, labels }) => {
    const radii = radiiOf(seed)
    if (radii === undefined) return []
    const logits = radii.map((ofChild) => shownCounts.map((shown) => oracles[oracle](ofChild.slice(-shown))))
    return [{ seed, labels, models: [{ logits, validation: [] }] }]
  })
}
