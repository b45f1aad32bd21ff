// Operations with gradients of our own: group normalisation with ReLU, and the maximum over all voxels. In this size of
// network their primitive forms cost more than the convolutions. Written with few passes over the large tensors.

import type { Tensor, Tensor2D, Tensor5D, TensorInfo } from '@tensorflow/tfjs-core'
import type { FusedOps } from '../../shared/model/encoder.ts'
import { asSave, asTensor } from './custom-grad.ts'
import type { Tf } from './engine.ts'
import { gru } from './gru.ts'

/** As in PyTorch's GroupNorm. */
const epsilon = 1e-5

/** The operations as the model takes them. */
export function fusedOps(tf: Tf): FusedOps {
  return {
    groupNormRelu: (x, scale, shift, channelsPerGroup) => groupNormRelu(tf, x, scale, shift, channelsPerGroup),
    globalMax: (x) => globalMax(tf, x),
    gru: (inputs, kernel, bias) => gru(tf, inputs, kernel, bias),
  }
}

/**
 * ReLU of group normalisation (Wu and He 2018) with scale and shift per channel.
 * @param x [scan, depth, height, width, channel]
 * @param scale [channel]
 * @param shift [channel]
 * @returns [scan, depth, height, width, channel]
 */
export function groupNormRelu(tf: Tf, x: Tensor5D, scale: Tensor, shift: Tensor, channelsPerGroup: number): Tensor5D {
  const [scans, depth, height, width, channels] = x.shape
  const voxels = depth * height * width
  /** Sums of each channel as means over its group. @param sums [scan, channel] @returns [scan, channel] */
  const groupMean = (sums: Tensor): Tensor =>
    tf.matMul(sums as Tensor2D, groupAverage(tf, channels, channelsPerGroup, voxels))
  const overVoxels = (values: Tensor): Tensor => tf.reshape(values, [scans, 1, channels])

  const operation = tf.customGrad((input, gamma, beta, save) => {
    const flat = tf.reshape(asTensor(input), [scans, voxels, channels])
    const [weight, bias] = [asTensor(gamma), asTensor(beta)]
    const mean = groupMean(tf.sum(flat, 1)) // [scan, channel]
    const meanSquare = groupMean(tf.sum(tf.square(flat), 1)) // [scan, channel]
    const inverse = tf.rsqrt(tf.add(tf.maximum(tf.sub(meanSquare, tf.square(mean)), 0), epsilon)) // [scan, channel]
    const factor = tf.mul(inverse, weight) // [scan, channel]
    const offset = tf.sub(bias, tf.mul(mean, factor)) // [scan, channel]
    const y = tf.relu(tf.add(tf.mul(flat, overVoxels(factor)), overVoxels(offset))) // [scan, voxel, channel]
    asSave(save)([flat, y, mean, inverse, weight])

    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [savedX, savedY, savedMean, savedInverse, savedWeight] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor]
      const dz = reluGrad(tf, tf.reshape(dy, [scans, voxels, channels]), savedY) // [scan, voxel, channel]
      const sumDz = tf.sum(dz, 1) // [scan, channel]
      const sumDzX = tf.sum(tf.mul(dz, savedX), 1) // [scan, channel]
      const sumDzNormal = tf.mul(tf.sub(sumDzX, tf.mul(savedMean, sumDz)), savedInverse) // Σ dz·x̂, [scan, channel]
      const meanOf = (sums: Tensor): Tensor => groupMean(tf.mul(sums, savedWeight))
      // dx = inverse·(γ·dz − mean(γ·dz) − x̂·mean(γ·dz·x̂)), collected into dx = a·dz + b·x + c with small a, b, c.
      const a = tf.mul(savedInverse, savedWeight)
      const b = tf.neg(tf.mul(tf.square(savedInverse), meanOf(sumDzNormal)))
      const c = tf.neg(tf.add(tf.mul(savedInverse, meanOf(sumDz)), tf.mul(b, savedMean)))
      const dx = tf.add(tf.add(tf.mul(dz, overVoxels(a)), tf.mul(savedX, overVoxels(b))), overVoxels(c))
      return [tf.reshape(dx, x.shape), tf.sum(sumDzNormal, 0), tf.sum(sumDz, 0)]
    }
    return { value: tf.reshape(y, x.shape), gradFunc }
  })
  return operation(x, scale, shift) as Tensor5D
}

/** The matrix that turns sums over voxels into means over groups. @returns [channel, channel] */
function groupAverage(tf: Tf, channels: number, channelsPerGroup: number, voxels: number): Tensor2D {
  const matrix = new Float32Array(channels * channels)
  for (let i = 0; i < matrix.length; i++) {
    const sameGroup =
      Math.floor(Math.floor(i / channels) / channelsPerGroup) === Math.floor((i % channels) / channelsPerGroup)
    if (sameGroup) matrix[i] = 1 / (voxels * channelsPerGroup)
  }
  return tf.tensor2d(matrix, [channels, channels])
}

/** `dy` where `y` is positive, else 0: one pass of TensorFlow's own, where tfjs takes seven. */
function reluGrad(tf: Tf, dy: Tensor, y: Tensor): Tensor {
  if (tf.getKernel('ReluGrad', 'tensorflow') === undefined) {
    tf.registerKernel({
      kernelName: 'ReluGrad',
      backendName: 'tensorflow',
      kernelFunc: ({ inputs, backend }) => {
        const { binding, executeSingleOutput } = backend as NodeBackend
        const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }
        return executeSingleOutput.call(backend, 'ReluGrad', [type], [inputs.dy, inputs.y])
      },
    })
  }
  return tf.engine().runKernel('ReluGrad', { dy, y }) as Tensor
}

/** What tfjs-node's backend offers to kernels; the package does not export the type. */
interface NodeBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number }
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly unknown[]): TensorInfo
}

/**
 * The largest value of each channel; the gradient goes to the voxels that have it, shared where several do.
 * @param x [scan, depth, height, width, channel]
 * @returns [scan, channel]
 */
export function globalMax(tf: Tf, x: Tensor5D): Tensor2D {
  const [scans, depth, height, width, channels] = x.shape
  const operation = tf.customGrad((input, save) => {
    const flat = tf.reshape(asTensor(input), [scans, depth * height * width, channels])
    const value = tf.max(flat, 1) // [scan, channel]
    asSave(save)([flat, value])
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => {
      const [savedX, savedMax] = saved as [Tensor, Tensor]
      const isMax = tf.cast(tf.equal(savedX, tf.expandDims(savedMax, 1)), 'float32')
      const share = tf.div(dy, tf.sum(isMax, 1)) // [scan, channel]
      return tf.reshape(tf.mul(isMax, tf.expandDims(share, 1)), x.shape)
    }
    return { value, gradFunc }
  })
  return operation(x) as Tensor2D
}
