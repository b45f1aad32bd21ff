// The task of stage 2: at every visit, how likely is an event in the time that follows, given the scans so far. The loss is a
// mean over landmarks, not over children: a mean over children would teach that a short history means an event.

import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { type FollowUp, labelWithin } from '../../shared/cohort/outcome.ts'
import { type Encoded, encode } from '../../shared/model/encoder.ts'
import { binsKnown } from '../../shared/model/hazards.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { networkOf } from '../../shared/model/network.ts'
import type { FusedOps, ParameterTensors } from '../../shared/model/parameter-tensors.ts'
import type { Random } from '../../shared/random.ts'
import type { RecurrenceQuestion } from '../../shared/study/recurrence-question.ts'
import { type Batch, type BatchChild, type Shown, scanInputs } from './batches.ts'
import type { Tf } from './engine.ts'
import { historyOf, riskAfter } from './histories.ts'
import { binaryCrossEntropy } from './ordering.ts'
import type { PreparedChild, PreparedScan } from './trainer.ts'

/** A landmark counts as much as visits stand behind it, up to this many. */
const fullWeightVisits = 3

/** Landmarks that a child has on average; a fixed number, so that every landmark weighs the same in every batch. */
const usualLandmarks = 3.5

/** What the loss needs to know of a study's question. */
export type Asked = Pick<RecurrenceQuestion, 'head' | 'horizonDays'>

/** A child can be asked for its risk when at least one of its landmarks says something of what followed. */
export function canJudge(child: { readonly scans: readonly Pick<PreparedScan, 'followUp'>[] }, asked: Asked): boolean {
  return child.scans.some(({ followUp }) => answersKnown(followUp, asked).length > 0)
}

/** Half of the children are shown from a visit drawn at random, as a history may begin anywhere. */
export function drawStarts(children: readonly PreparedChild[], random: Random): Shown[] {
  return children.map((child) => {
    const early = random.uniform() < 0.5
    const from = random.integer(child.scans.length)
    return { child, from: early ? 0 : from }
  })
}

/**
 * Loss of one batch: of hazards the negative log likelihood of what followed each landmark (Brown 1975), −log h for the bin
 * of an event and −log(1 − h) for each bin seen free of one; of the binary head the same for the horizon as one bin.
 * @returns a scalar, owned by the caller's tidy
 */
export function recurrenceLoss(
  tf: Tf,
  ops: FusedOps,
  model: ModelSpec,
  parameters: ParameterTensors,
  batch: Batch,
  horizonDays: number,
): Scalar {
  const asked = { head: model.head, horizonDays }
  const encoded = encode(tf, ops, networkOf(model), parameters, scanInputs(tf, batch))
  const { outputs, rows } = riskAtEveryVisit(tf, ops, model, parameters, encoded, batch.children) // [landmark, output]
  const width = outputs.shape[1]
  const truth = new Float32Array(rows.length * width)
  const weights = new Float32Array(rows.length * width)
  for (const [row, { followUp, visits }] of rows.entries()) {
    for (const [at, answer] of answersKnown(followUp, asked).entries()) {
      truth[row * width + at] = answer
      weights[row * width + at] = Math.min(visits, fullWeightVisits)
    }
  }
  const shape: [number, number] = [rows.length, width]
  const terms = binaryCrossEntropy(tf, outputs, tf.tensor2d(truth, shape))
  const total = tf.sum(tf.mul(terms, tf.tensor2d(weights, shape)))
  return tf.div(total, fullWeightVisits * usualLandmarks * batch.children.length)
}

/** What is known of each output at a landmark, from the first: 1 an event, 0 none. Outputs of which nothing is known are left out. */
export function answersKnown(followUp: FollowUp | null, { head, horizonDays }: Asked): readonly (0 | 1)[] {
  if (followUp === null) return []
  if (head === 'hazards') return binsKnown(followUp)
  const label = labelWithin(followUp, horizonDays)
  return label === null ? [] : [label]
}

/** A row of the outputs: which child and visit it is. */
export interface LandmarkRow {
  readonly child: number
  /** Visits shown up to here, from 1. */
  readonly visits: number
  readonly followUp: FollowUp | null
}

/** What the risk head gives after every visit of every child. @returns outputs [landmark, output], with what each row is */
export function riskAtEveryVisit(
  tf: Tf,
  ops: FusedOps,
  model: ModelSpec,
  parameters: ParameterTensors,
  encoded: Encoded,
  children: readonly BatchChild[],
): { readonly outputs: Tensor2D; readonly rows: readonly LandmarkRow[] } {
  const histories = children.flatMap((child) => child.days.map((_, visit) => historyOf(child, 0, visit)))
  const rows = children.flatMap(({ followUps }, child) =>
    followUps.map((followUp, visit): LandmarkRow => ({ child, visits: visit + 1, followUp })),
  )
  return { outputs: riskAfter(tf, ops, model, parameters, encoded, histories), rows }
}
