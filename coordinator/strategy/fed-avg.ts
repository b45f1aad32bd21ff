// FedAvg with server momentum: the mean of the updates weighted by children, and a share of the step before.

import { takeSteps } from './server-step.ts'
import type { Strategy } from './strategy.ts'
import { weightedSum } from './weighted-sum.ts'

export interface FedAvgSettings {
  /** β in v ← β·v + Δ; 0 is plain averaging. */
  readonly serverMomentum: number
}

/**
 * Mean of the sites' updates weighted by their children (FedAvg, McMahan et al. 2017, algorithm 1), with server momentum
 * (FedAvgM, Hsu et al. 2019): w_{t+1} = w_t + Σ_k (n_k / n)·Δ_k + β·(w_t − w_{t−1}).
 */
export function fedAvg({ serverMomentum }: FedAvgSettings): Strategy {
  return {
    scales: (shares) => shares.map(() => 1),
    combine: (block, shares, scales, next) => {
      const children = shares.reduce((sum, share) => sum + share.children, 0)
      const factors = shares.map((share, k) => ((scales[k] ?? 1) * share.children) / children)
      takeSteps(block, serverMomentum, next, (from, step) => weightedSum(block.updates, factors, from, step))
    },
  }
}
