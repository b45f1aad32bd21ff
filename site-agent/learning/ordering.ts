// The task of stage 1: put scans in order of time. Three losses on one pass of the encoder: every pair of a child's scans
// (shapes the encoder), whole sequences kept or shuffled (trains the GRU), and the brightest spot of each block of the
// volume, predicted from the embedding, so that the encoder keeps seeing small lesions (experiments: safe transfer).

import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { type Encoded, encode } from '../../shared/model/encoder.ts'
import { orderLogits, pairScores, predictedMaxima } from '../../shared/model/heads.ts'
import type { FusedOps, ParameterTensors } from '../../shared/model/parameter-tensors.ts'
import type { Preset } from '../../shared/model/presets.ts'
import { runSequences } from '../../shared/model/sequence.ts'
import type { SequenceLayout } from '../../shared/model/sequence-layout.ts'
import { type Random, shuffled } from '../../shared/random.ts'
import { type OrderingLosses, usualLongestSequence, usualOrderingLosses } from '../../shared/study/study.ts'
import { type Batch, type BatchChild, scanInputs } from './batches.ts'
import type { Tf } from './engine.ts'
import { layoutOf } from './histories.ts'
import { maximaLoss } from './maxima.ts'

/** Sequences of scans in one batch with what each is: in order or not. */
export interface OrderQuestions {
  readonly layout: SequenceLayout
  /** Number of scans of each sequence. */
  readonly lengths: readonly number[]
  readonly inOrder: readonly boolean[]
  /** Of which child in the batch each is. */
  readonly children: readonly number[]
}

/** A child can be asked for order when two of its scans have different days. */
export function canOrder(child: { readonly scans: readonly { readonly day: number }[] }): boolean {
  return new Set(child.scans.map(({ day }) => day)).size >= 2
}

/** Loss of one batch, each part by its weight. All children must have two scans or more. @returns a scalar, owned by the caller's tidy */
export function orderingLoss(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  batch: Batch,
  questions: OrderQuestions,
  weights: OrderingLosses = usualOrderingLosses,
): Scalar {
  const encoded = encode(tf, ops, preset, parameters, scanInputs(tf, batch))
  const { embeddings } = encoded // [scan, embedding]
  const losses: readonly (readonly [weight: number, loss: () => Scalar])[] = [
    [weights.pairs, () => pairLoss(tf, pairScores(tf, parameters, embeddings), batch)],
    [weights.sequences, () => sequenceLoss(tf, ops, preset, parameters, encoded, questions)],
    ...('grid' in preset
      ? [[weights.maxima, () => maximaLoss(tf, preset, predictedMaxima(tf, parameters, embeddings), batch)] as const]
      : []),
  ]
  return tf.addN(losses.filter(([weight]) => weight > 0).map(([weight, loss]) => tf.mul(loss(), weight)))
}

/** Mean binary cross-entropy of telling sequences in order from others. */
function sequenceLoss(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  encoded: Encoded,
  questions: OrderQuestions,
): Scalar {
  const logits = askOrder(tf, ops, preset, parameters, encoded, questions) // [sequence]
  return tf.mean(binaryCrossEntropy(tf, logits, tf.tensor1d(questions.inOrder.map(Number))))
}

/** For each child one sequence in order and one shuffled, of 2 to `longestSequence` scans, not necessarily neighbours. */
export function drawQuestions(
  children: readonly BatchChild[],
  random: Random,
  longestSequence = usualLongestSequence,
): OrderQuestions {
  const sequences: number[][] = []
  const inOrder: boolean[] = []
  const owners: number[] = []
  for (const [c, child] of children.entries()) {
    const visits = child.days.map((_, visit) => visit)
    for (const keep of [true, false]) {
      const length = 2 + random.integer(Math.min(visits.length, longestSequence) - 1)
      const drawn = shuffled(visits, random)
        .slice(0, length)
        .sort((a, b) => a - b)
      const order = keep ? drawn : outOfOrder(drawn, child.days, random)
      if (order === undefined) continue
      sequences.push(order.map((visit) => child.firstScan + visit))
      inOrder.push(keep)
      owners.push(c)
    }
  }
  return { layout: layoutOf(sequences), lengths: sequences.map(({ length }) => length), inOrder, children: owners }
}

/** Logit of each sequence being in order, read after its last scan. @returns [sequence] */
export function askOrder(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  encoded: Encoded,
  { layout, lengths }: Pick<OrderQuestions, 'layout' | 'lengths'>,
): Tensor1D {
  const states = runSequences(tf, ops, preset, parameters, encoded, layout) // [step, sequence, hidden]
  const rows = tf.reshape(states, [layout.steps * layout.sequences, preset.hiddenSize]) as Tensor2D
  const last = tf.tensor1d(
    lengths.map((length, q) => (length - 1) * layout.sequences + q),
    'int32',
  )
  return orderLogits(tf, parameters, tf.gather(rows, last)) // [sequence]
}

/** log(1 + exp(−z)) of the right answer, stable for large logits. @returns as `logits` */
export function binaryCrossEntropy<T extends Tensor>(tf: Tf, logits: T, truth: T): T {
  return tf.sub(tf.softplus(logits), tf.mul(logits, truth))
}

/** Mean over children of the mean over their pairs of log(1 + exp(−(s_later − s_earlier))); pairs of one day are left out. */
function pairLoss(tf: Tf, scores: Tensor1D, batch: Batch): Scalar {
  const pairs = batch.children.flatMap((child) => {
    const own = pairsOf(child)
    return own.map(([earlier, later]) => ({ earlier, later, weight: 1 / own.length / batch.children.length }))
  })
  const difference = new Float32Array(pairs.length * batch.scanCount)
  for (const [row, { earlier, later }] of pairs.entries()) {
    difference[row * batch.scanCount + later] = 1
    difference[row * batch.scanCount + earlier] = -1
  }
  const matrix = tf.tensor2d(difference, [pairs.length, batch.scanCount])
  const steps = tf.reshape(tf.matMul(matrix, tf.reshape(scores, [batch.scanCount, 1]) as Tensor2D), [-1]) // [pair]
  const weights = tf.tensor1d(pairs.map(({ weight }) => weight))
  return tf.sum(tf.mul(tf.softplus(tf.neg(steps)), weights))
}

/** Scan numbers of every pair with different days, the earlier first. */
export function pairsOf({ firstScan, days }: BatchChild): (readonly [earlier: number, later: number])[] {
  return days.flatMap((later, j) =>
    days.slice(0, j).flatMap((earlier, i) => (earlier < later ? [[firstScan + i, firstScan + j] as const] : [])),
  )
}

/** The visits in a drawn order that is not one of time; undefined when their days leave none. */
function outOfOrder(visits: readonly number[], days: readonly number[], random: Random): number[] | undefined {
  const day = (visit: number | undefined): number => days[visit ?? 0] ?? 0
  if (visits.every((visit) => day(visit) === day(visits[0]))) return undefined
  for (;;) {
    const order = shuffled(visits, random)
    if (order.some((visit, i) => i > 0 && day(visit) < day(order[i - 1]))) return order
  }
}
