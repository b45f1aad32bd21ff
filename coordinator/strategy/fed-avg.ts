// FedAvg with server momentum: the mean of the updates weighted by children, and a share of the step before.

import { addMomentum } from './momentum.ts'
import type { Strategy } from './strategy.ts'
import { weightedSum } from './weighted-sum.ts'

export interface FedAvgSettings {
  /** β in v ← β·v + Δ; 0 is plain averaging. */
  readonly serverMomentum: number
}

/** Elements summed at a time: 32 KiB of float64, which stay in a core's first cache. */
const tileElements = 4096

/**
 * Mean of the sites' updates weighted by their children (FedAvg, McMahan et al. 2017, algorithm 1), with server momentum
 * (FedAvgM, Hsu et al. 2019): w_{t+1} = w_t + Σ_k (n_k / n)·Δ_k + β·(w_t − w_{t−1}).
 */
export function fedAvg({ serverMomentum }: FedAvgSettings): Strategy {
  return {
    scales: (shares) => shares.map(() => 1),
    combine: ({ base, previousBase, updates }, shares, scales, next) => {
      const children = shares.reduce((sum, share) => sum + share.children, 0)
      const factors = shares.map((share, k) => ((scales[k] ?? 1) * share.children) / children)
      const tile = new Float64Array(Math.min(tileElements, base.length))
      for (let from = 0; from < base.length; from += tileElements) {
        const step = tile.subarray(0, Math.min(tileElements, base.length - from))
        weightedSum(updates, factors, from, step)
        if (previousBase !== undefined) addMomentum(step, serverMomentum, base, previousBase, from)
        for (let i = 0; i < step.length; i++) next[from + i] = (base[from + i] as number) + (step[i] as number)
      }
    },
  }
}
