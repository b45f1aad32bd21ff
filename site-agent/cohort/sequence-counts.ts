// How many visits have which sequence, where a study shows several at once: a data manager sees what a scanner's protocol leaves
// out, and whether the model learns it at all.

import type { CohortScan } from './cohort.ts'

export interface SequenceCount {
  readonly sequence: string
  /** Visits that have it. */
  readonly visits: number
  /** Visits that are used without it. */
  readonly missing: number
}

/** @param channels names in the study's order @param images what there is of each scan, in that order */
export function countSequences(
  channels: readonly string[],
  scans: readonly CohortScan[],
  images: ReadonlyMap<CohortScan, readonly unknown[]>,
): readonly SequenceCount[] {
  return channels.map((sequence, channel) => {
    const visits = scans.filter((scan) => images.get(scan)?.[channel] !== undefined).length
    return { sequence, visits, missing: scans.length - visits }
  })
}

/** For example `FLAIR in 12 of 12 visits, T2w in 9 (missing in 3)`; empty without counts. */
export function countsInWords(counts: readonly SequenceCount[]): string {
  const [first, ...others] = counts.map(({ sequence, visits, missing }) => {
    const without = missing === 0 ? '' : ` (missing in ${missing})`
    return { sequence, visits, without, all: visits + missing }
  })
  if (first === undefined) return ''
  const { sequence, visits, all, without } = first
  return [
    `${sequence} in ${visits} of ${all} visits${without}`,
    ...others.map((count) => `${count.sequence} in ${count.visits}${count.without}`),
  ].join(', ')
}
