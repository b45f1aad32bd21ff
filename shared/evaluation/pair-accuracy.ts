// How well the model still orders scans of children that it was not trained on, by the time between them: pairs that lie far
// apart are easy, and a mean over all would only say how far apart they lay.

import { type Answered, type ShareSums, shareSums } from './clustered-share.ts'

/** A scan as the model sees it; rows of single children, inside a site only. */
export interface EmbeddedScan {
  readonly child: string
  readonly day: number
  /** Higher for later scans; null where the study never taught the order. */
  readonly progression: number | null
  readonly embedding: readonly number[]
}

export const gapClasses = [
  { level: 'under 90 days', fromDays: 0 },
  { level: '90 to 179 days', fromDays: 90 },
  { level: '180 to 364 days', fromDays: 180 },
  { level: '1 year and more', fromDays: 365 },
] as const

/** Sums for each class of gaps with at least `minCell` children; scans of one day are no pair. */
export function pairSums(
  scans: readonly EmbeddedScan[],
  minCell: number,
): readonly { readonly level: string; readonly sums: ShareSums }[] {
  const byLevel = new Map<string, Answered[]>(gapClasses.map(({ level }) => [level, []]))
  for (const [child, own] of Map.groupBy(scans, (scan) => scan.child)) {
    for (const first of own) {
      for (const second of own) {
        const gap = second.day - first.day
        if (gap <= 0 || first.progression === null || second.progression === null) continue
        const level = gapClasses.findLast(({ fromDays }) => gap >= fromDays)?.level ?? ''
        byLevel.get(level)?.push({ child, right: second.progression > first.progression })
      }
    }
  }
  return [...byLevel]
    .map(([level, answers]) => ({ level, sums: shareSums(answers) }))
    .filter(({ sums }) => sums.children >= minCell)
}
