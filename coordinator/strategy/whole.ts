// A round's average of whole arrays in memory: for arms of a comparison, which have no store, and for tests. The same passes
// as over files (aggregation/aggregate.ts), moments rounded to float32 in between as there.

import type { Strategy as StrategySettings } from '../../shared/study/study.ts'
import { keepsMoments, type Pass, strategyOf } from './strategies.ts'
import type { SiteShare } from './strategy.ts'

export interface MomentValues {
  readonly first: Float32Array
  readonly second: Float32Array
}

/** What a round starts from; all arrays have the model's length. */
export interface WholeRound {
  readonly base: Float32Array
  /** Base of the round before; absent in the first round of a stage. */
  readonly previousBase: Float32Array | undefined
  /** Moments that came with the base; absent likewise. */
  readonly moments: MomentValues | undefined
  /** In order of site id. */
  readonly updates: readonly (SiteShare & { readonly values: Float32Array })[]
}

/** The next weights, and the moments to start the next round with where the strategy keeps some. */
export function combineWhole(
  settings: StrategySettings,
  { base, previousBase, moments, updates }: WholeRound,
): { readonly weights: Float32Array; readonly moments: MomentValues | undefined } {
  const run = (pass: Pass, from: Float32Array, parts: WholeRound['updates']): Float32Array => {
    const strategy = strategyOf(settings, pass)
    const next = new Float32Array(base.length)
    const block = { base: from, previousBase, updates: parts.map(({ values }) => values) }
    strategy.combine(block, parts, strategy.scales(parts), next)
    return next
  }
  if (!keepsMoments(settings)) return { weights: run('weights', base, updates), moments: undefined }
  const nought = new Float32Array(base.length)
  const first = run('first-moment', moments?.first ?? nought, updates)
  const second = run('second-moment', moments?.second ?? nought, updates)
  const parts = [first, second].map((values, k) => ({ site: `moment-${k + 1}`, children: 1, norm: 0, values }))
  return { weights: run('weights', base, parts), moments: { first, second } }
}
