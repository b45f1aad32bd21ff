// The task of stage 2: at every visit, how likely is an event within the horizon, given the scans so far. The loss is a
// mean over landmarks, not over children: a mean over children would teach that a short history means an event.

import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { encode, type FusedOps, type ParameterTensors } from '../../shared/model/encoder.ts'
import { riskLogits } from '../../shared/model/heads.ts'
import type { Preset } from '../../shared/model/presets.ts'
import { runSequences } from '../../shared/model/sequence.ts'
import type { Random } from '../../shared/random.ts'
import { type Batch, type Shown, volumesTensor } from './batches.ts'
import type { Tf } from './engine.ts'
import { binaryCrossEntropy, layoutOf } from './ordering.ts'
import type { PreparedChild } from './trainer.ts'

/** A landmark counts as much as visits stand behind it, up to this many. */
const fullWeightVisits = 3

/** Landmarks that a child has on average; a fixed number, so that every landmark weighs the same in every batch. */
const usualLandmarks = 3.5

/** A child can be asked for its risk when at least one of its landmarks is decided. */
export function canJudge(child: { readonly labels: readonly (0 | 1 | null)[] }): boolean {
  return child.labels.some((label) => label !== null)
}

/** Half of the children are shown from a visit drawn at random, as a history may begin anywhere. */
export function drawStarts(children: readonly PreparedChild[], random: Random): Shown[] {
  return children.map((child) => {
    const early = random.uniform() < 0.5
    const from = random.integer(child.scans.length)
    return { child, from: early ? 0 : from }
  })
}

/** Loss of one batch. @returns a scalar, owned by the caller's tidy */
export function recurrenceLoss(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  batch: Batch,
): Scalar {
  const embeddings = encode(tf, ops, preset, parameters, volumesTensor(tf, batch, preset.grid)) // [scan, embedding]
  const { logits, rows } = riskAtEveryVisit(tf, ops, preset, parameters, embeddings, batch) // [step·sequence]
  const truth = tf.tensor1d(rows.map(({ label }) => label ?? 0))
  const weights = tf.tensor1d(
    rows.map(({ label, visits }) => (label === null ? 0 : Math.min(visits, fullWeightVisits))),
  )
  const total = tf.sum(tf.mul(binaryCrossEntropy(tf, logits, truth), weights))
  return tf.div(total, fullWeightVisits * usualLandmarks * batch.children.length)
}

/** A row of the logits: which child and visit it is. Rows after a child's last visit have no label. */
export interface LandmarkRow {
  readonly child: number
  /** Visits shown up to here, from 1; 0 in rows that are nobody's. */
  readonly visits: number
  readonly label: 0 | 1 | null
}

/** Risk logits after every visit of every child. @returns logits [step·child], with what each row is */
export function riskAtEveryVisit(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  embeddings: Tensor2D,
  batch: Batch,
): { readonly logits: Tensor1D; readonly rows: readonly LandmarkRow[] } {
  const layout = layoutOf(batch.children.map(({ firstScan, days }) => days.map((_, visit) => firstScan + visit)))
  const states = runSequences(tf, ops, preset, parameters, embeddings, layout) // [step, child, hidden]
  const flat = tf.reshape(states, [layout.steps * layout.sequences, preset.hiddenSize]) as Tensor2D
  const rows = Array.from({ length: layout.steps * layout.sequences }, (_, row): LandmarkRow => {
    const child = row % layout.sequences
    const visit = Math.floor(row / layout.sequences)
    const labels = batch.children[child]?.labels ?? []
    return visit < labels.length
      ? { child, visits: visit + 1, label: labels[visit] ?? null }
      : { child, visits: 0, label: null }
  })
  return { logits: riskLogits(tf, parameters, flat), rows }
}
