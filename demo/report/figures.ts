// Figures about the test children, each with an interval that resamples children, because the scans of one child are not
// independent. Everything is computed from scores alone; the network is elsewhere.

import { type Random, seededRandom } from '../../shared/random.ts'

/** What a model says about one test child. Scans in order of time; the sixth visit is the landmark. */
export interface ChildScores {
  readonly days: readonly number[]
  /** Progression score of each scan. */
  readonly pairScores: readonly number[]
  /** Logits of "in order" for the child's scans in order and for a shuffled order of them. */
  readonly orderedLogit: number
  readonly shuffledLogit: number
  /** Logit of recurrence at the landmark when the last 1, 2, … 6 scans are shown. */
  readonly riskLogits: readonly number[]
  readonly label: 0 | 1
}

/** A figure with its 95 % interval (percentile bootstrap over children); null where it cannot be computed. */
export interface Figure {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

export interface TestFigures {
  readonly children: number
  readonly events: number
  readonly pairAccuracy: Figure
  /** Pairs more than 24 months, or at least 3 visits, apart. */
  readonly pairAccuracyFar: Figure
  readonly sequenceAuroc: Figure
  /** Index 0 is one scan shown, index 5 six. */
  readonly aurocByScans: readonly Figure[]
}

/** Two years in days; the far pairs of the demo's targets. */
const farDays = 730
const farVisits = 3
const resamples = 1000

/** Every figure of the report for one model. `seed` fixes the resampling. */
export function testFigures(children: readonly ChildScores[], seed: string): TestFigures {
  const tallies = children.map((child) => ({ child, all: pairTally(child, false), far: pairTally(child, true) }))
  const figure = (statistic: (sample: typeof tallies) => number | null): Figure =>
    withInterval(tallies, statistic, seededRandom(`figures/${seed}`))
  const shown = Math.max(0, ...children.map((child) => child.riskLogits.length))
  return {
    children: children.length,
    events: children.filter((child) => child.label === 1).length,
    pairAccuracy: figure((sample) => ratio(sample.map((one) => one.all))),
    pairAccuracyFar: figure((sample) => ratio(sample.map((one) => one.far))),
    sequenceAuroc: figure((sample) =>
      auroc(
        sample.map((one) => one.child.orderedLogit),
        sample.map((one) => one.child.shuffledLogit),
      ),
    ),
    aurocByScans: Array.from({ length: shown }, (_, k) =>
      figure((sample) =>
        riskAuroc(
          sample.map((one) => one.child),
          k,
        ),
      ),
    ),
  }
}

/** The same of order alone, without intervals; null where it cannot be computed. */
export function orderingAccuracy(children: readonly Omit<ChildScores, 'label'>[]): {
  readonly pairs: number | null
  readonly farPairs: number | null
  readonly sequenceAuroc: number | null
} {
  return {
    pairs: ratio(children.map((child) => pairTally(child, false))),
    farPairs: ratio(children.map((child) => pairTally(child, true))),
    sequenceAuroc: auroc(
      children.map(({ orderedLogit }) => orderedLogit),
      children.map(({ shuffledLogit }) => shuffledLogit),
    ),
  }
}

/**
 * Area under the ROC curve: the chance that a case scores above a control, ties counted half (Hanley and McNeil 1982).
 * Null when there is no case or no control.
 */
export function auroc(cases: readonly number[], controls: readonly number[]): number | null {
  if (cases.length === 0 || controls.length === 0) return null
  const all = [
    ...cases.map((score) => ({ score, isCase: true })),
    ...controls.map((score) => ({ score, isCase: false })),
  ]
  all.sort((a, b) => a.score - b.score)
  let wins = 0
  let controlsBelow = 0
  for (let start = 0; start < all.length; ) {
    let end = start
    let tiedCases = 0
    while (end < all.length && all[end]?.score === all[start]?.score) {
      if (all[end]?.isCase) tiedCases++
      end++
    }
    const tiedControls = end - start - tiedCases
    wins += tiedCases * (controlsBelow + tiedControls / 2)
    controlsBelow += tiedControls
    start = end
  }
  return wins / (cases.length * controls.length)
}

/** The difference of two models' AUROC with `k` scans shown, on the same children, with a paired interval. */
export function pairedAurocDifference(
  first: readonly ChildScores[],
  second: readonly ChildScores[],
  k: number,
  seed: string,
): Figure {
  const pairs = first.map((child, i) => ({ first: child, second: second[i] ?? child }))
  return withInterval(
    pairs,
    (sample) => {
      const a = riskAuroc(
        sample.map((pair) => pair.first),
        k,
      )
      const b = riskAuroc(
        sample.map((pair) => pair.second),
        k,
      )
      return a === null || b === null ? null : a - b
    },
    seededRandom(`difference/${seed}`),
  )
}

function riskAuroc(children: readonly ChildScores[], k: number): number | null {
  const logits = (label: 0 | 1): number[] =>
    children.filter((child) => child.label === label).map((child) => child.riskLogits[k] ?? Number.NaN)
  return auroc(logits(1), logits(0))
}

interface Tally {
  readonly right: number
  readonly total: number
}

function pairTally({ days, pairScores }: Pick<ChildScores, 'days' | 'pairScores'>, farOnly: boolean): Tally {
  let right = 0
  let total = 0
  for (let later = 1; later < days.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      const gapDays = (days[later] ?? 0) - (days[earlier] ?? 0)
      if (farOnly && gapDays <= farDays && later - earlier < farVisits) continue
      const difference = (pairScores[later] ?? 0) - (pairScores[earlier] ?? 0)
      right += difference > 0 ? 1 : difference === 0 ? 0.5 : 0
      total++
    }
  }
  return { right, total }
}

function ratio(tallies: readonly Tally[]): number | null {
  const total = tallies.reduce((sum, tally) => sum + tally.total, 0)
  return total === 0 ? null : tallies.reduce((sum, tally) => sum + tally.right, 0) / total
}

function withInterval<T>(items: readonly T[], statistic: (sample: T[]) => number | null, random: Random): Figure {
  const value = statistic([...items])
  if (value === null || items.length < 2) return { value, low: null, high: null }
  const values: number[] = []
  for (let i = 0; i < resamples; i++) {
    const sample = items.map(() => items[random.integer(items.length)] as T)
    const resampled = statistic(sample)
    if (resampled !== null) values.push(resampled)
  }
  values.sort((a, b) => a - b)
  return { value, low: quantile(values, 0.025), high: quantile(values, 0.975) }
}

/** Linear interpolation between the sorted values. */
function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null
  const position = share * (sorted.length - 1)
  const low = sorted[Math.floor(position)] ?? 0
  const high = sorted[Math.ceil(position)] ?? low
  return low + (high - low) * (position - Math.floor(position))
}
