// One round's training at one site: some epochs over the children of the training fold, with a fresh optimiser. The same
// job gives the same weights to the last bit, at a fixed number of threads.

import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { networkOf } from '../../shared/model/network.ts'
import type { ParameterTensors } from '../../shared/model/parameter-tensors.ts'
import { isEncoderParameter } from '../../shared/model/parameters.ts'
import { scanShapeOf } from '../../shared/model/scan-shape.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type Random, seededRandom } from '../../shared/random.ts'
import { rateFactor } from '../../shared/study/schedule.ts'
import { type Stage, usualOrderingLosses } from '../../shared/study/study.ts'
import { parameterViews, type Weights } from '../../shared/weights/weights.ts'
import { createOptimiser, type Trainable } from './adamw.ts'
import { assemble, type Batch, drawBatches } from './batches.ts'
import type { Tf } from './engine.ts'
import { fusedOps } from './ops.ts'
import { drawQuestions, orderingLoss } from './ordering.ts'
import { drawStarts, recurrenceLoss } from './recurrence.ts'
import type { JobOptions, PreparedChild, TrainingJob, TrainingResult } from './trainer.ts'
import { usableChildren } from './usable-children.ts'
import type { Volumes } from './volumes.ts'

/** Parts that a stage does not train keep their values, so their difference is exactly zero. */
function untrained(stage: Stage): readonly string[] {
  if (stage.task === 'recurrence') return ['head.pair', 'head.sequence', 'head.maxima']
  const { pairs, sequences, maxima } = stage.losses ?? usualOrderingLosses
  return [
    ...['head.risk', 'sequence.time', 'clinical'],
    ...(pairs === 0 ? ['head.pair'] : []),
    ...(sequences === 0 ? ['head.sequence', 'sequence'] : []),
    ...(maxima === 0 ? ['head.maxima'] : []),
  ]
}

/**
 * Trains.
 * @throws SequelaError `cohort_empty` when no child of the training fold is usable, `not_finite` when training diverged,
 *   `cancelled`.
 */
export function train(
  tf: Tf,
  volumes: Volumes,
  job: TrainingJob,
  { onProgress, signal }: JobOptions = {},
): TrainingResult {
  const { task } = job.stage
  const children = usableChildren(job, 'train')
  if (children.length === 0) {
    throw new SequelaError(
      'cohort_empty',
      `no child of the training fold can be used for ${task}; see: site check-data`,
    )
  }
  const random = seededRandom(job.seed)
  const weights: Weights = { manifest: job.weights.manifest, values: Float32Array.from(job.weights.values) }
  const optimiser = createStepper(tf, job, weights)
  const steps = job.stage.localEpochs * Math.ceil(children.length / job.stage.batchChildren)
  let step = 0
  let lossSum = 0
  for (let epoch = 0; epoch < job.stage.localEpochs; epoch++) {
    for (const members of drawBatches(children, job.stage.batchChildren, random)) {
      if (signal?.aborted) throw new SequelaError('cancelled', 'training was called off')
      const loss = optimiser.step(lossOf(tf, job, members, volumes, random))
      if (!Number.isFinite(loss)) throw diverged(step + 1, steps)
      lossSum += loss
      onProgress?.({ step: ++step, steps })
    }
  }
  // The loss of a step is that of the weights before it: the last step shows in the weights alone.
  if (!weights.values.every(Number.isFinite)) throw diverged(steps, steps)
  return { weights, children: children.length, steps, meanLoss: lossSum / steps }
}

function diverged(step: number, steps: number): SequelaError {
  return new SequelaError('not_finite', `training diverged in step ${step} of ${steps}; a lower learning rate helps`)
}

type Loss = (parameters: ParameterTensors) => Scalar

/** Draws what a batch shows; the function that comes back is a pure function of the parameters. */
function lossOf(tf: Tf, job: TrainingJob, members: readonly PreparedChild[], volumes: Volumes, random: Random): Loss {
  const preset = networkOf(job.model)
  const shape = scanShapeOf(job.model)
  const ops = fusedOps(tf)
  if (job.stage.task === 'ordering') {
    const { losses, longestSequence } = job.stage
    const whole = members.map((child) => ({ child, from: 0 }))
    const batch = assemble(whole, shape, volumes, random)
    const questions = drawQuestions(batch.children, random, longestSequence)
    return (parameters) => orderingLoss(tf, ops, preset, parameters, batch, questions, losses)
  }
  const batch: Batch = assemble(drawStarts(members, random), shape, volumes, random)
  const { horizonDays } = job.stage
  return (parameters) => recurrenceLoss(tf, ops, job.model, parameters, batch, horizonDays)
}

/** Takes optimiser steps on `weights`, in place. */
function createStepper(tf: Tf, job: TrainingJob, weights: Weights): { step(loss: Loss): number } {
  const factor = rateFactor(job.stage, job.round)
  const rates = {
    head: job.stage.learningRate * factor,
    encoder: (job.stage.encoderLearningRate ?? job.stage.learningRate) * factor,
  }
  const views = parameterViews(weights)
  const starts = parameterViews(job.weights)
  const left = untrained(job.stage)
  const trained = weights.manifest.filter(({ name }) => !left.some((head) => name.startsWith(`${head}.`)))
  const trainables = trained.map(({ name }): Trainable => {
    const learningRate = isEncoderParameter(name) ? rates.encoder : rates.head
    return { values: viewOf(views, name), start: viewOf(starts, name), learningRate }
  })
  const optimiser = createOptimiser(trainables, job.training)
  return {
    step: (loss) => {
      const tensors = trained.map(({ shape }, k) => tf.tensor(trainables[k]?.values.slice() ?? [], [...shape]))
      const names = trained.map(({ name }) => name)
      const { value, grads } = tf.valueAndGrads((...current: Tensor[]) =>
        loss(new Map(names.map((name, k) => [name, current[k] as Tensor]))),
      )(tensors)
      const total = value.dataSync()[0] ?? Number.NaN
      const gradients = grads.map((gradient) => gradient.dataSync<'float32'>())
      tf.dispose([value, ...grads, ...tensors])
      if (Number.isFinite(total)) optimiser.step(gradients)
      return total
    },
  }
}

function viewOf(views: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const view = views.get(name)
  if (view === undefined) throw new Error(`the weights have no parameter ${name}`)
  return view
}
