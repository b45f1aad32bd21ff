// Arms to compare the federation with: the same training code on the same schedule, run here without a network. Averaging
// is the coordinator's own strategy, so an arm with all sites is what a federation of that study would give.

import { combineWhole, type MomentValues } from '../coordinator/strategy/whole.ts'
import type { ModelSpec } from '../shared/model/model-spec.ts'
import { initialWeights } from '../shared/model/parameters.ts'
import { modelOf } from '../shared/study/model-of.ts'
import type { Study } from '../shared/study/study.ts'
import { difference, l2Norm } from '../shared/weights/arithmetic.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { isUsable } from '../site-agent/learning/train.ts'
import type { PreparedChild, Trainer } from '../site-agent/learning/trainer.ts'

export interface ArmOptions {
  readonly study: Study
  /** Children of each site that takes part. */
  readonly sites: ReadonlyMap<string, readonly PreparedChild[]>
  readonly trainer: Trainer
  /** Network to train; absent: the study's. */
  readonly model?: ModelSpec
  /** Weights to start from; absent: the study's own beginning. */
  readonly from?: Weights
  /** Stages to run, by position; absent: all. */
  readonly stages?: readonly number[]
  readonly onRound?: () => void
  readonly signal: AbortSignal
}

/** Runs the arm to its end. @returns the weights after each stage that was run, the last being the final ones */
export async function trainArm(options: ArmOptions): Promise<readonly Weights[]> {
  const { study, trainer, signal } = options
  const model = options.model ?? modelOf(study)
  const stages = options.stages ?? study.stages.map((_, index) => index)
  let weights = options.from ?? initialWeights(model, study.seed)
  const afterStages: Weights[] = []
  for (const index of stages) {
    const stage = study.stages[index]
    if (stage === undefined) throw new Error(`the study has no stage ${index}`)
    let previousBase: Float32Array | undefined
    let moments: MomentValues | undefined
    for (let round = 0; round < stage.rounds; round++) {
      const updates: { site: string; children: number; norm: number; values: Float32Array }[] = []
      for (const [site, children] of [...options.sites].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (!children.some((child) => child.fold === 'train' && isUsable({ stage, model }, child))) continue
        const seed = `${study.seed}/${site}/${index}/${round}`
        const job = { model, stage, training: study.training, round, weights, children, seed }
        const trained = await trainer.train(job, { signal })
        const { values } = difference(trained.weights, weights)
        updates.push({ site, children: trained.children, norm: l2Norm(values), values })
      }
      const next = combineWhole(study.strategy, { base: weights.values, previousBase, moments, updates })
      previousBase = weights.values
      moments = next.moments
      weights = { manifest: weights.manifest, values: next.weights }
      options.onRound?.()
    }
    afterStages.push(weights)
  }
  return afterStages
}
