// From a child's embeddings to a state after each visit. Which block does it, the preset or the study says: a GRU that also
// sees what changed since the visit before, attention and an LSTM as in the paper, or the plain mean as a control.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { attentionLstm } from './attention-lstm.ts'
import { layerNorm } from './layer-norm.ts'
import { type FusedOps, type ParameterTensors, parameter } from './parameter-tensors.ts'
import type { Preset } from './presets.ts'
import { chosen, type SequenceLayout } from './sequence-layout.ts'
import { timeCode, timeCodeSize } from './time-code.ts'

type Tf = typeof TensorFlow

/**
 * Runs the preset's block over sequences of scans.
 * @param embeddings [scan, embedding]
 * @returns states [step, sequence, hidden]; those after a sequence's end mean nothing. Those before it know nothing of what
 *   comes later, but with attention they do: there only the state after a sequence's last scan may be read.
 */
export function runSequences(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  embeddings: Tensor2D,
  layout: SequenceLayout,
): Tensor3D {
  const time = timeInput(tf, parameters, layout)
  switch (preset.temporal) {
    case 'gru':
      return recurrentUnit(tf, ops, preset, parameters, embeddings, layout, time)
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
  time: readonly Tensor2D[],
): Tensor3D {
  const normal = layerNorm(tf, parameters, 'sequence.norm', embeddings) // [scan, embedding]
  const current = chosen(tf, layout, normal, 'scan') // [step·sequence, embedding]
  const inputs = tf.concat([current, chosen(tf, layout, normal, 'change')], 1) as Tensor2D // [step·sequence, 2·embedding]
  const inputKernel = parameter(parameters, 'sequence.gru.inputKernel') as Tensor2D
  const seen = tf.add(tf.matMul(inputs, inputKernel), parameter(parameters, 'sequence.gru.inputBias'))
  const projected = tf.addN([seen, ...time]) // [step·sequence, 3·hidden]
  const hiddenKernel = parameter(parameters, 'sequence.gru.hiddenKernel') as Tensor2D
  const hiddenBias = parameter(parameters, 'sequence.gru.hiddenBias')
  return ops.gru(tf.reshape(projected, [layout.steps, layout.sequences, 3 * hiddenSize]), hiddenKernel, hiddenBias)
}

/** What the gates get of the time to the landmark, where the layout tells it. @returns [step·sequence, gate·hidden], or nothing */
function timeInput(tf: Tf, parameters: ParameterTensors, { gapDays }: SequenceLayout): Tensor2D[] {
  if (gapDays === undefined) return []
  const code = tf.tensor2d(timeCode(gapDays), [gapDays.length, timeCodeSize])
  return [tf.matMul(code, parameter(parameters, 'sequence.time.kernel') as Tensor2D)]
}
