// Strategies that look at the order of the sites' values, element by element, so that a few sites that send anything at all
// cannot move the model where they like (Yin et al. 2018): the median, and the mean of what is left when both ends are cut
// off. Values count by their site's children, as in an average; `equal-sites.ts` lets every site count alike.

import { takeSteps } from './server-step.ts'
import type { SiteShare, Strategy } from './strategy.ts'

export interface ByRankSettings {
  /** As in FedAvg. */
  readonly serverMomentum: number
}

/**
 * The weighted median of each element: the value at which half of the children stand on either side; the mean of two where
 * the halves meet between them.
 */
export function coordinateMedian(settings: ByRankSettings): Strategy {
  return byRank(settings, (ranked) => middleOf(ranked))
}

/**
 * The mean of each element after the share `trim` of the children is cut off at either end; a site at the border counts with
 * the children that are left of it.
 * @param settings.trim 0 (nothing is cut) to just below 0.5 (the median)
 */
export function trimmedMean({ trim, ...settings }: ByRankSettings & { readonly trim: number }): Strategy {
  return byRank(settings, (ranked) => meanBetween(ranked, trim * ranked.total, (1 - trim) * ranked.total))
}

/** Values of one element in ascending order with the children of each, and how many those are in all. */
interface Ranked {
  readonly values: Float64Array
  readonly weights: Float64Array
  readonly total: number
}

function byRank({ serverMomentum }: ByRankSettings, pick: (ranked: Ranked) => number): Strategy {
  return {
    scales: (shares) => shares.map(() => 1),
    combine: (block, shares, scales, next) => {
      const ranked = emptyRanked(shares)
      takeSteps(block, serverMomentum, next, (from, step) => {
        for (let i = 0; i < step.length; i++) {
          rank(ranked, block.updates, shares, scales, from + i)
          step[i] = pick(ranked)
        }
      })
    },
  }
}

function emptyRanked(shares: readonly SiteShare[]): Ranked {
  return {
    values: new Float64Array(shares.length),
    weights: new Float64Array(shares.length),
    total: shares.reduce((sum, { children }) => sum + children, 0),
  }
}

/** Insertion sort: sites are few, and equal values stay in order of site. */
function rank(
  { values, weights }: Ranked,
  updates: readonly Float32Array[],
  shares: readonly SiteShare[],
  scales: readonly number[],
  element: number,
): void {
  for (let k = 0; k < updates.length; k++) {
    const value = (scales[k] as number) * ((updates[k] as Float32Array)[element] as number)
    let at = k
    for (; at > 0 && (values[at - 1] as number) > value; at--) {
      values[at] = values[at - 1] as number
      weights[at] = weights[at - 1] as number
    }
    values[at] = value
    weights[at] = (shares[k] as SiteShare).children
  }
}

function middleOf({ values, weights, total }: Ranked): number {
  let below = 0
  for (let k = 0; k < values.length; k++) {
    below += weights[k] as number
    if (2 * below > total) return values[k] as number
    if (2 * below === total) return ((values[k] as number) + (values[k + 1] as number)) / 2
  }
  return 0
}

/** Mean over the children from place `low` to place `high` in the order. */
function meanBetween({ values, weights }: Ranked, low: number, high: number): number {
  let sum = 0
  let start = 0
  for (let k = 0; k < values.length; k++) {
    const end = start + (weights[k] as number)
    const kept = Math.min(end, high) - Math.max(start, low)
    if (kept > 0) sum += kept * (values[k] as number)
    start = end
  }
  return sum / (high - low)
}
