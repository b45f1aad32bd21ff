// The model's fused operations written with those that every backend has, as their formulas read: for an engine without the
// native kernels, and as what the kernels are tested against.

import type { Tensor, Tensor2D, Tensor3D, Tensor5D } from '@tensorflow/tfjs-core'
import type { FusedOps, Normalisation } from '../../shared/model/parameter-tensors.ts'
import { asSave, asTensor } from './custom-grad.ts'
import type { Tf } from './engine.ts'

/** As in PyTorch's GroupNorm. */
const epsilon = 1e-5

export function primitiveOps(tf: Tf): FusedOps {
  return {
    groupNorm: (x, normalisation) => groupNorm(tf, x, normalisation),
    meanMaxPool: (x) => meanMaxPool(tf, x),
    maxPool: (x) => tf.maxPool3d(x, 3, 2, 'same'),
    gru: (inputs, kernel, bias) => gru(tf, inputs, kernel, bias),
  }
}

function groupNorm(tf: Tf, x: Tensor5D, { scale, shift, channelsPerGroup, relu, added }: Normalisation): Tensor5D {
  const [scans, depth, height, width, channels] = x.shape
  const grouped = tf.reshape(x, [scans, depth * height * width, channels / channelsPerGroup, channelsPerGroup])
  const { mean, variance } = tf.moments(grouped, [1, 3], true) // [scan, 1, group, 1]
  const normal = tf.reshape(tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, epsilon))), x.shape)
  const scaled: Tensor5D = tf.add(tf.mul(normal, scale), shift)
  const sum: Tensor5D = added === undefined ? scaled : tf.add(scaled, added)
  return relu ? tf.relu(sum) : sum
}

function meanMaxPool(tf: Tf, x: Tensor5D): Tensor2D {
  const [scans, depth, height, width, channels] = x.shape
  const flat = tf.reshape(x, [scans, depth * height * width, channels])
  return tf.concat([tf.mean(flat, 1), maximum(tf, flat as Tensor3D)], 1) as Tensor2D // [scan, 2·channel]
}

/** The largest of each channel; voxels that share it share its gradient, where tfjs would give each the whole. */
function maximum(tf: Tf, x: Tensor3D): Tensor {
  const operation = tf.customGrad((input, save) => {
    const flat = asTensor(input)
    const value = tf.max(flat, 1, true) // [scan, 1, channel]
    asSave(save)([flat, value])
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => {
      const [savedX, savedMax] = saved as [Tensor, Tensor]
      const isMax = tf.cast(tf.equal(savedX, savedMax), 'float32')
      return tf.mul(isMax, tf.div(tf.expandDims(dy, 1), tf.sum(isMax, 1, true)))
    }
    return { value: tf.squeeze(value, [1]), gradFunc }
  })
  return operation(x)
}

function gru(tf: Tf, inputs: Tensor3D, kernel: Tensor2D, bias: Tensor): Tensor3D {
  const hidden = kernel.shape[0]
  let state: Tensor2D = tf.zeros([inputs.shape[1], hidden])
  // As of a split into one, the gradient of unstacking one is no list, and tfjs takes it for one.
  const byStep = inputs.shape[0] === 1 ? [tf.squeeze<Tensor2D>(inputs, [0])] : (tf.unstack(inputs) as Tensor2D[])
  const states = byStep.map((input) => {
    const [ofReset, ofUpdate, ofCandidate] = tf.split(input, 3, 1) as [Tensor2D, Tensor2D, Tensor2D]
    const own = tf.split(tf.add<Tensor2D>(tf.matMul(state, kernel), bias), 3, 1) as [Tensor2D, Tensor2D, Tensor2D]
    const reset = tf.sigmoid(tf.add<Tensor2D>(ofReset, own[0]))
    const update = tf.sigmoid(tf.add<Tensor2D>(ofUpdate, own[1]))
    const candidate = tf.tanh(tf.add<Tensor2D>(ofCandidate, tf.mul(reset, own[2])))
    state = tf.add(candidate, tf.mul(update, tf.sub(state, candidate)))
    return state
  })
  return tf.stack(states) as Tensor3D
}
