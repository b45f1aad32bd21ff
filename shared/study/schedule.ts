// The learning rate of a round: fixed by the study, the same at every site.

import type { Stage } from './study.ts'

/**
 * Share of a stage's learning rate that round `round` (from 0) uses: cosine from 1 down to 0.1 (experiments, rule 6), and
 * over the first rounds a line up to it, as large steps at the start can make an encoder blind to lesions (decision 11).
 */
export function rateFactor({ schedule, rounds, warmupRounds }: Stage, round: number): number {
  const warmth = round < warmupRounds ? (round + 1) / warmupRounds : 1
  return schedule === 'constant' ? warmth : warmth * (0.1 + 0.45 * (1 + Math.cos((Math.PI * round) / rounds)))
}
