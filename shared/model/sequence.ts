// From a child's scans to a state after each visit. Which block does it, the preset or the study says: a GRU that also sees
// how embeddings changed since the visit before; the same told where the picture itself changed (decision 29); attention and
// an LSTM as in the paper; or the plain mean as a control.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor2D, Tensor3D, Tensor5D } from '@tensorflow/tfjs-core'
import { attentionLstm } from './attention-lstm.ts'
import type { Encoded } from './encoder.ts'
import { layerNorm } from './layer-norm.ts'
import { type FusedOps, linear, type ParameterTensors, parameter } from './parameter-tensors.ts'
import type { Preset } from './presets.ts'
import { chosen, type SequenceLayout } from './sequence-layout.ts'
import { timeCode, timeCodeSize } from './time-code.ts'

type Tf = typeof TensorFlow

/**
 * Runs the preset's block over sequences of scans.
 * @returns states [step, sequence, hidden]; those after a sequence's end mean nothing. Those before it know nothing of what
 *   comes later, but with attention they do: there only the state after a sequence's last scan may be read.
 */
export function runSequences(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  { embeddings, maps }: Encoded,
  layout: SequenceLayout,
): Tensor3D {
  const time = timeInput(tf, parameters, layout)
  switch (preset.temporal) {
    case 'gru':
      return recurrentUnit(tf, ops, preset, parameters, embeddings, layout, { time, departures: [] })
    case 'change-gru': {
      if (maps === undefined) throw new Error('the encoder kept no maps to compare')
      const departures = [departuresSeen(tf, ops, parameters, maps, layout)]
      return recurrentUnit(tf, ops, preset, parameters, embeddings, layout, { time, departures })
    }
    case 'attention-lstm':
      return attentionLstm(tf, parameters, embeddings, layout, time)
    case 'mean': {
      const normal = layerNorm(tf, parameters, 'sequence.norm', embeddings) // [scan, embedding]
      return tf.reshape(chosen(tf, layout, normal, 'mean'), [layout.steps, layout.sequences, preset.hiddenSize])
    }
  }
}

/** Layer normalisation, then a GRU on each embedding and its difference to the one before: without it, more scans do not help. */
function recurrentUnit(
  tf: Tf,
  ops: FusedOps,
  { hiddenSize }: Preset,
  parameters: ParameterTensors,
  embeddings: Tensor2D,
  layout: SequenceLayout,
  { time, departures }: { readonly time: readonly Tensor2D[]; readonly departures: readonly Tensor2D[] },
): Tensor3D {
  const normal = layerNorm(tf, parameters, 'sequence.norm', embeddings) // [scan, embedding]
  const current = chosen(tf, layout, normal, 'scan') // [step·sequence, embedding]
  const inputs = tf.concat([current, chosen(tf, layout, normal, 'change'), ...departures], 1) as Tensor2D // [step·sequence, 2 or 3·embedding]
  const inputKernel = parameter(parameters, 'sequence.gru.inputKernel') as Tensor2D
  const seen = tf.add(tf.matMul(inputs, inputKernel), parameter(parameters, 'sequence.gru.inputBias'))
  const projected = tf.addN([seen, ...time]) // [step·sequence, 3·hidden]
  const hiddenKernel = parameter(parameters, 'sequence.gru.hiddenKernel') as Tensor2D
  const hiddenBias = parameter(parameters, 'sequence.gru.hiddenBias')
  return ops.gru(tf.reshape(projected, [layout.steps, layout.sequences, 3 * hiddenSize]), hiddenKernel, hiddenBias)
}

/**
 * How the picture departs from what it was: maps of each scan less the mean of those of all scans before it, voxel by voxel, and
 * of every channel the mean, the largest rise and the largest fall. A spot that grows shows here where it would drown in the
 * maximum of a scan that has brighter spots, and the mean of several visits is steadier than any of them. Nought at the
 * first visit.
 * @param maps [scan, depth, height, width, channel]
 * @returns [step·sequence, embedding]
 */
function departuresSeen(
  tf: Tf,
  ops: FusedOps,
  parameters: ParameterTensors,
  maps: Tensor5D,
  layout: SequenceLayout,
): Tensor2D {
  const [scans, ...[depth, height, width, channels]] = maps.shape
  const rows = layout.steps * layout.sequences
  const flat = tf.reshape(maps, [scans, depth * height * width * channels]) as Tensor2D
  const departures = tf.reshape(chosen(tf, layout, flat, 'departure'), [
    rows,
    depth,
    height,
    width,
    channels,
  ]) as Tensor5D
  const falls = tf.slice(ops.meanMaxPool(tf.neg(departures)), [0, channels], [rows, channels])
  const pooled = tf.concat([ops.meanMaxPool(departures), falls], 1) as Tensor2D // [step·sequence, 3·channel]
  const seen = layerNorm(tf, parameters, 'sequence.change.norm', linear(tf, parameters, 'sequence.change', pooled))
  const hasEarlier = Float32Array.from(layout.scans, (scan, row) => (row >= layout.sequences && scan >= 0 ? 1 : 0))
  return tf.mul(seen, tf.tensor2d(hasEarlier, [rows, 1]))
}

/** What the gates get of the time to the landmark, where the layout tells it. @returns [step·sequence, gate·hidden], or nothing */
function timeInput(tf: Tf, parameters: ParameterTensors, { gapDays }: SequenceLayout): Tensor2D[] {
  if (gapDays === undefined) return []
  const code = tf.tensor2d(timeCode(gapDays), [gapDays.length, timeCodeSize])
  return [tf.matMul(code, parameter(parameters, 'sequence.time.kernel') as Tensor2D)]
}
