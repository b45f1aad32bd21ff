// How long to wait before the next attempt.

import type { Random } from '../shared/random.ts'

const firstMs = 500
const longestMs = 60_000

/**
 * Doubles with every failure up to a minute, then drawn between half and all of it, so that a thousand agents that lost
 * the same coordinator do not come back together. `failures` counts from 0.
 */
export function backoffMs(failures: number, random: Random): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20))
  return ceiling * (0.5 + random.uniform() / 2)
}
