// The control of outcomes that changed places. Where one feature tells most, a model that learnt from a permutation is right by chance
// or as wrong, so single permutations lie far from 0.5. Here those of a seed form a Latin square: what chance gives a feature in one of them
// is taken back in the others.

import { withOutcomesOf } from '../demo/controls.ts'
import { seededRandom, shuffled } from '../shared/random.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'
import type { Permutation } from './cell.ts'

/**
 * Outcomes in order of how bad they are, turned by a share of the circle that the permutation tells, given to the children in an
 * order of chance that all permutations of the seed share. Each permutation alone is as likely as any other.
 * @param children of one site, with known outcomes
 */
export function withBalancedOutcomes<Child extends PreparedChild>(
  children: readonly Child[],
  seed: string,
  permutation: Permutation,
): Child[] {
  const recipients = shuffled(children, seededRandom(seed))
  const donors = [...children].sort((a, b) => daysFree(a) - daysFree(b))
  const turn = Math.round((permutation.number * children.length) / permutation.of)
  return withOutcomesOf(recipients, [...donors.slice(turn), ...donors.slice(0, turn)])
}

/** Days from the last scan to the event; after all events the children who had none, the longest followed last. */
function daysFree({ scans }: PreparedChild): number {
  const followUp = scans.at(-1)?.followUp
  if (!followUp) return Number.MAX_SAFE_INTEGER
  return followUp.event ? followUp.days : followUp.days + 1_000_000
}
