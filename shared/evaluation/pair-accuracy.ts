// How well the model still orders scans of children that it was not trained on: by the time between them, as pairs that lie far
// apart are easy and a mean over all would only say how far apart they lay; and by what became of the child, as an order that
// is known of stable children too was not read from a tumour that grows.

import { type Answered, type ShareSums, shareSums } from './clustered-share.ts'

/** A scan as the model sees it; rows of single children, inside a site only. */
export interface EmbeddedScan {
  readonly child: string
  readonly day: number
  /** Whether an event ends what is known of the child. */
  readonly event: boolean
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

/** Pairs of all gaps, by what became of the child. */
export const outcomeClasses = ['children with an event', 'children without an event'] as const

export interface PairLevel {
  readonly level: string
  readonly sums: ShareSums
}

/**
 * Sums for each class of gaps with at least `minCell` children; scans of one day are no pair. Sums by outcome hold the same
 * pairs, so they leave only with every class of gaps, and both or, where nobody is in the other, one.
 */
export function pairSums(scans: readonly EmbeddedScan[], minCell: number): readonly PairLevel[] {
  const { byGap, byOutcome } = pairsOf(scans)
  const [gaps, outcomes] = [levelsOf(byGap), levelsOf(byOutcome)]
  const leaves = ({ sums }: PairLevel): boolean => sums.children >= minCell
  return gaps.every(leaves) && outcomes.every(leaves) ? [...gaps, ...outcomes] : gaps.filter(leaves)
}

/** Over the pairs of all classes of gaps that may leave together, clustered by child; null where none may. */
export function allPairSums(scans: readonly EmbeddedScan[], minCell: number): ShareSums | null {
  const told = [...pairsOf(scans).byGap.values()].filter((answers) => shareSums(answers).children >= minCell)
  return told.length === 0 ? null : shareSums(told.flat())
}

type Classes = ReadonlyMap<string, Answered[]>

function pairsOf(scans: readonly EmbeddedScan[]): { readonly byGap: Classes; readonly byOutcome: Classes } {
  const byGap = new Map<string, Answered[]>(gapClasses.map(({ level }) => [level, []]))
  const byOutcome = new Map<string, Answered[]>(outcomeClasses.map((level) => [level, []]))
  for (const [child, own] of Map.groupBy(scans, (scan) => scan.child)) {
    for (const first of own) {
      for (const second of own) {
        const gap = second.day - first.day
        if (gap <= 0 || first.progression === null || second.progression === null) continue
        const answer = { child, right: second.progression > first.progression }
        byGap.get(gapClasses.findLast(({ fromDays }) => gap >= fromDays)?.level ?? '')?.push(answer)
        byOutcome.get(outcomeClasses[first.event ? 0 : 1])?.push(answer)
      }
    }
  }
  return { byGap, byOutcome }
}

/** Those that hold anybody. */
function levelsOf(classes: ReadonlyMap<string, readonly Answered[]>): PairLevel[] {
  return [...classes]
    .map(([level, answers]) => ({ level, sums: shareSums(answers) }))
    .filter(({ sums }) => sums.children > 0)
}
