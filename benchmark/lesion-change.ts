// Order of time against growth: how the network orders pairs of scans between which the lesion grew, stayed as it was, or shrank. The
// truth knows which; a network that had learnt to see growth alone would put pairs of the last kind the wrong way round.

import type { BenchmarkChild } from './cohort.ts'

/** What the lesion did from the earlier scan of a pair to the later one. */
export const lesionChanges = ['grew', 'stayed', 'shrank'] as const
export type LesionChange = (typeof lesionChanges)[number]

/** Radii that differ by less count as the same: 1 mm, a seventh of a voxel of `tiny`. */
const leastChangeMm = 1

/** Pairs of scans, and how many of them are in order; a tie counts half. */
export interface OrderedPairs {
  readonly right: number
  readonly total: number
}

/** @param progression score of each scan of each child, higher for later ones, [child][scan] */
export function orderByChange(
  children: readonly Pick<BenchmarkChild, 'radiiMm'>[],
  progression: readonly (readonly number[])[],
): Record<LesionChange, OrderedPairs> {
  const counted = { grew: { right: 0, total: 0 }, stayed: { right: 0, total: 0 }, shrank: { right: 0, total: 0 } }
  for (const [child, { radiiMm }] of children.entries()) {
    const scores = progression[child] ?? []
    for (const [later, radiusMm] of radiiMm.entries()) {
      for (const [earlier, beforeMm] of radiiMm.slice(0, later).entries()) {
        const pairs = counted[changeOf(radiusMm - beforeMm)]
        const ahead = (scores[later] ?? Number.NaN) - (scores[earlier] ?? Number.NaN)
        pairs.right += ahead > 0 ? 1 : ahead === 0 ? 0.5 : 0
        pairs.total++
      }
    }
  }
  return counted
}

function changeOf(mm: number): LesionChange {
  if (mm >= leastChangeMm) return 'grew'
  return mm <= -leastChangeMm ? 'shrank' : 'stayed'
}
