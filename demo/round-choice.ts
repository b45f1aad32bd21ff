// Which of a stage's weights an arm hands on when its study says `select`: the best by a metric pooled over all sites, the earlier
// of equals, as the coordinator chooses (coordinator/run/validation.ts).

import { isBetter, type MetricName, type MetricSum } from '../shared/study/metrics.ts'
import type { Weights } from '../shared/weights/weights.ts'

export interface RoundChoice {
  /** Takes the weights into account by what `measure` gives for them. */
  consider(weights: Weights, measure: () => Promise<readonly MetricSum[]>): Promise<void>
  /** Undefined when no site could say anything of any weights. */
  best(): Weights | undefined
}

export function createRoundChoice(metric: MetricName): RoundChoice {
  let best: { readonly value: number; readonly weights: Weights } | undefined
  return {
    consider: async (weights, measure) => {
      const sums = (await measure()).filter(({ name }) => name === metric)
      const count = sums.reduce((total, one) => total + one.count, 0)
      if (count === 0) return
      const value = sums.reduce((total, one) => total + one.sum, 0) / count
      if (best === undefined || isBetter(metric, value, best.value)) best = { value, weights }
    },
    best: () => best?.weights,
  }
}
