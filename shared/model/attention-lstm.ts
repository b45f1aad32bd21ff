// The sequence block of the paper (Tak et al. 2025): self-attention over a child's scans (Vaswani et al. 2017; no residual, no
// normalisation, no code of place), an LSTM (Hochreiter and Schmidhuber 1997) on what it gives, ReLU. Unlike there, what is
// not a scan is masked.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core'
import { type ParameterTensors, parameter } from './parameter-tensors.ts'
import { chosen, type SequenceLayout } from './sequence-layout.ts'

type Tf = typeof TensorFlow

export const attentionHeads = 8

/**
 * @param embeddings [scan, embedding]
 * @param time what the gates get of time, each [step·sequence, 4·hidden]
 * @returns [step, sequence, hidden]; only the state after a sequence's last scan may be read, as attention sees all of it
 */
export function attentionLstm(
  tf: Tf,
  parameters: ParameterTensors,
  embeddings: Tensor2D,
  layout: SequenceLayout,
  time: readonly Tensor2D[],
): Tensor3D {
  const rows = chosen(tf, layout, embeddings, 'scan') // [step·sequence, embedding]
  const attended = attend(tf, parameters, rows, layout) // [step·sequence, embedding]
  const product = tf.matMul(attended, parameter(parameters, 'sequence.lstm.inputKernel') as Tensor2D)
  const seen = tf.addN([tf.add(product, parameter(parameters, 'sequence.lstm.inputBias')), ...time]) as Tensor2D
  return tf.relu(lstm(tf, parameters, seen, layout))
}

/** @param rows [step·sequence, embedding] @returns the same shape */
function attend(tf: Tf, parameters: ParameterTensors, rows: Tensor2D, layout: SequenceLayout): Tensor2D {
  const { steps, sequences } = layout
  const size = rows.shape[1]
  const inputKernel = parameter(parameters, 'sequence.attention.inputKernel') as Tensor2D
  const asked = tf.add(tf.matMul(rows, inputKernel), parameter(parameters, 'sequence.attention.inputBias'))
  const byHead = tf.reshape(asked, [steps, sequences, 3, attentionHeads, size / attentionHeads])
  const parts = tf.unstack(tf.transpose(byHead, [2, 1, 3, 0, 4])) // each [sequence, head, step, part]
  const [query, key, value] = parts as [Tensor4D, Tensor4D, Tensor4D]
  const alike = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size / attentionHeads))
  const weights = tf.softmax(tf.add(alike, mask(tf, layout))) // [sequence, head, step, step]
  const merged = tf.transpose(tf.matMul(weights as Tensor4D, value), [2, 0, 1, 3]) // [step, sequence, head, part]
  const flat = tf.reshape(merged, [steps * sequences, size]) as Tensor2D
  const outputKernel = parameter(parameters, 'sequence.attention.outputKernel') as Tensor2D
  return tf.add(tf.matMul(flat, outputKernel), parameter(parameters, 'sequence.attention.outputBias'))
}

/** Nothing for scans, and for what comes after a sequence's end a number that softmax makes nought. @returns [sequence, 1, 1, step] */
function mask(tf: Tf, { steps, sequences, scans }: SequenceLayout): Tensor4D {
  const values = Float32Array.from({ length: sequences * steps }, (_, at) => {
    const [sequence, step] = [Math.floor(at / steps), at % steps]
    return (scans[step * sequences + sequence] ?? -1) < 0 ? -1e9 : 0
  })
  return tf.tensor4d(values, [sequences, 1, 1, steps])
}

/** Gates side by side: input, forget, candidate, output, as PyTorch has them. @param seen [step·sequence, 4·hidden] */
function lstm(tf: Tf, parameters: ParameterTensors, seen: Tensor2D, { steps, sequences }: SequenceLayout): Tensor3D {
  const kernel = parameter(parameters, 'sequence.lstm.hiddenKernel') as Tensor2D
  const bias = parameter(parameters, 'sequence.lstm.hiddenBias')
  const hidden = kernel.shape[0]
  let state: Tensor2D = tf.zeros([sequences, hidden])
  let memory: Tensor2D = tf.zeros([sequences, hidden])
  // The gradient of a split into one is no list, and tfjs takes it for one.
  const inputs = steps === 1 ? [seen] : (tf.split(seen, steps) as Tensor2D[])
  const states = inputs.map((input) => {
    const gates = tf.add(tf.add(input, tf.matMul(state, kernel)), bias) // [sequence, 4·hidden]
    const [into, forget, candidate, out] = tf.split(gates, 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D]
    const kept = tf.mul<Tensor2D>(tf.sigmoid(forget), memory)
    memory = tf.add(kept, tf.mul(tf.sigmoid(into), tf.tanh(candidate)))
    state = tf.mul(tf.sigmoid(out), tf.tanh(memory))
    return state
  })
  return tf.stack(states) as Tensor3D
}
