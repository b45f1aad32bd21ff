// FedAdam (Reddi et al. 2021, algorithm 2): the server takes the sites' average difference for a gradient and steps as Adam
// does. Both moments are stored like weights, so each of the three passes is a strategy over files: the moments from the
// updates, then the weights from the moments as they are stored. Whoever holds the files can compute the step again.

import type { SiteShare, Strategy } from './strategy.ts'
import { weightedSum } from './weighted-sum.ts'

export interface FedAdamSettings {
  /** η, the length of a step for weights whose differences agree from round to round. */
  readonly learningRate: number
  /** Share of the first moment that is kept from the round before. */
  readonly beta1: number
  /** Share of the second moment that is kept. */
  readonly beta2: number
  /** τ, added to the root of the second moment; the larger, the more the step depends on the size of the difference. */
  readonly tau: number
}

/** The three passes. In the first round of a stage the moments before are nought, and there is no correction for that. */
export interface FedAdam {
  /** m ← β1·m + (1 − β1)·Δ; the block's base is m, its updates are the sites'. */
  readonly firstMoment: Strategy
  /** v ← β2·v + (1 − β2)·Δ²; likewise. */
  readonly secondMoment: Strategy
  /** w ← w + η·m / (√v + τ); the block's base is w, its updates are m and v. */
  readonly step: Strategy
}

export function fedAdam({ learningRate, beta1, beta2, tau }: FedAdamSettings): FedAdam {
  return {
    firstMoment: fromMean((before, difference) => beta1 * before + (1 - beta1) * difference),
    secondMoment: fromMean((before, difference) => beta2 * before + (1 - beta2) * difference * difference),
    step: {
      scales: unscaled,
      combine: ({ base, updates }, _shares, _scales, next) => {
        const [first, second] = updates as readonly [Float32Array, Float32Array]
        for (let i = 0; i < next.length; i++) {
          const direction = (first[i] as number) / (Math.sqrt(second[i] as number) + tau)
          next[i] = (base[i] as number) + learningRate * direction
        }
      },
    },
  }
}

/** Elements whose mean is held in float64 at a time, as in server-step.ts. */
const tileElements = 4096

/** A value of the one before and of the mean of the updates weighted by children, as in FedAvg. */
function fromMean(value: (before: number, difference: number) => number): Strategy {
  return {
    scales: unscaled,
    combine: ({ base, updates }, shares, scales, next) => {
      const children = shares.reduce((sum, share) => sum + share.children, 0)
      const factors = shares.map((share, k) => ((scales[k] ?? 1) * share.children) / children)
      const tile = new Float64Array(Math.min(tileElements, next.length))
      for (let from = 0; from < next.length; from += tileElements) {
        const mean = tile.subarray(0, Math.min(tileElements, next.length - from))
        weightedSum(updates, factors, from, mean)
        for (let i = 0; i < mean.length; i++) next[from + i] = value(base[from + i] as number, mean[i] as number)
      }
    },
  }
}

function unscaled(shares: readonly SiteShare[]): readonly number[] {
  return shares.map(() => 1)
}
