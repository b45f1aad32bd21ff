// FedAvg with server momentum: the mean of the updates weighted by children, and a share of the step before.

import type { Strategy } from './strategy.ts'

export interface FedAvgSettings {
  /** β in v ← β·v + Δ; 0 is plain averaging. */
  readonly serverMomentum: number
}

/**
 * Mean of the sites' updates weighted by their children (FedAvg, McMahan et al. 2017, algorithm 1), with server momentum
 * (FedAvgM, Hsu et al. 2019): w_{t+1} = w_t + Σ_k (n_k / n)·Δ_k + β·(w_t − w_{t−1}).
 * The velocity is taken from the two published weights instead of a state of its own, so nothing can be lost in a crash.
 */
export function fedAvg({ serverMomentum }: FedAvgSettings): Strategy {
  return {
    scales: (shares) => shares.map(() => 1),
    combine: ({ base, previousBase, updates }, shares, scales, next) => {
      const children = shares.reduce((sum, share) => sum + share.children, 0)
      const factors = shares.map((share, k) => ((scales[k] ?? 1) * share.children) / children)
      const total = new Float64Array(base.length)
      updates.forEach((update, k) => {
        const factor = factors[k] ?? 0
        for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + factor * (update[i] as number)
      })
      if (previousBase !== undefined && serverMomentum !== 0) {
        for (let i = 0; i < total.length; i++) {
          total[i] = (total[i] as number) + serverMomentum * ((base[i] as number) - (previousBase[i] as number))
        }
      }
      for (let i = 0; i < next.length; i++) next[i] = (base[i] as number) + (total[i] as number)
    },
  }
}
