// Arms to compare the federation with: the same training code on the same schedule, run here without a network. Averaging
// is the coordinator's own strategy, so an arm with all sites is what a federation of that study would give.

import { combineWhole, type MomentValues } from '../coordinator/strategy/whole.ts'
import type { ModelSpec } from '../shared/model/model-spec.ts'
import { initialWeights } from '../shared/model/parameters.ts'
import { modelOf } from '../shared/study/model-of.ts'
import { personalPart, withoutPersonal, withPersonalPart } from '../shared/study/personal.ts'
import type { Study } from '../shared/study/study.ts'
import { difference, l2Norm } from '../shared/weights/arithmetic.ts'
import type { Weights } from '../shared/weights/weights.ts'
import type { PreparedChild, Trainer, TrainingJob } from '../site-agent/learning/trainer.ts'
import { usableChildren } from '../site-agent/learning/usable-children.ts'
import { createStageWatch } from './stage-watch.ts'

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
  /** Receives each site's weights with the parameters that it keeps for itself, where the study has such. */
  readonly ownWeights?: Map<string, Weights>
  readonly signal: AbortSignal
}

/** Runs the arm to its end. @returns the weights after each stage that was run, the last being the final ones */
export async function trainArm(options: ArmOptions): Promise<readonly Weights[]> {
  const { study, trainer, signal } = options
  const { personal = [] } = study.training
  const model = options.model ?? modelOf(study)
  const stages = options.stages ?? study.stages.map((_, index) => index)
  let weights = options.from ?? initialWeights(model, study.seed)
  const own = options.ownWeights ?? new Map<string, Weights>()
  const afterStages: Weights[] = []
  for (const index of stages) {
    const stage = study.stages[index]
    if (stage === undefined) throw new Error(`the study has no stage ${index}`)
    let previousBase: Float32Array | undefined
    let moments: MomentValues | undefined
    const watch = createStageWatch(stage)
    const watched = async (round: number): Promise<void> => {
      const job = { model, stage, training: study.training, round: 0, weights, seed: `${study.seed}/${index}` }
      watch?.note(round, weights, await validation(options, job))
    }
    for (let round = 0; round < stage.rounds; round++) {
      if (watch !== undefined) await watched(round - 1)
      const updates: { site: string; children: number; norm: number; values: Float32Array }[] = []
      for (const [site, children] of [...options.sites].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (usableChildren({ stage, model, children }, 'train').length === 0) continue
        const seed = `${study.seed}/${site}/${index}/${round}`
        const kept = own.get(site)
        const before = kept === undefined ? weights : withPersonalPart(weights, personalPart(kept, personal))
        const job = { model, stage, training: study.training, round, weights: before, children, seed }
        const trained = await trainer.train(job, { signal })
        if (personal.length > 0) own.set(site, trained.weights)
        const { values } = withoutPersonal(difference(trained.weights, before), personal)
        updates.push({ site, children: trained.children, norm: l2Norm(values), values })
      }
      const next = combineWhole(study.strategy, { base: weights.values, previousBase, moments, updates })
      previousBase = weights.values
      moments = next.moments
      weights = { manifest: weights.manifest, values: next.weights }
      options.onRound?.()
      if (watch?.stops()) break
    }
    if (stage.select !== undefined) await watched(stage.rounds - 1)
    weights = watch?.chosen() ?? weights
    afterStages.push(weights)
  }
  return afterStages
}

/** What the sites' validation folds say of weights, all sites' sums one after the other. */
async function validation({ sites, trainer, signal }: ArmOptions, job: Omit<TrainingJob, 'children'>) {
  const sums = []
  for (const children of sites.values()) sums.push(...(await trainer.evaluate({ ...job, children }, { signal })))
  return sums
}
