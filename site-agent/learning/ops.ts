// Operations with gradients of our own: group normalisation with ReLU, and the maximum over all voxels. In this size of
// network their primitive forms cost more than the convolutions. Written with few passes over the large tensors.

import type { Tensor, Tensor2D, Tensor5D } from '@tensorflow/tfjs-core'
import type { FusedOps } from '../../shared/model/encoder.ts'
import type { Tf } from './engine.ts'

/** As in PyTorch's GroupNorm. */
const epsilon = 1e-5

/** The operations as the model takes them. */
export function fusedOps(tf: Tf): FusedOps {
  return {
    groupNormRelu: (x, scale, shift, channelsPerGroup) => groupNormRelu(tf, x, scale, shift, channelsPerGroup),
    globalMax: (x) => globalMax(tf, x),
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
  const groups = channels / channelsPerGroup
  const count = voxels * channelsPerGroup
  const perGroup = (sums: Tensor): Tensor => tf.sum(tf.reshape(sums, [scans, groups, channelsPerGroup]), 2, true) // [scan, group, 1]
  const perChannel = (values: Tensor): Tensor =>
    tf.reshape(tf.tile(values, [1, 1, channelsPerGroup]), [scans, 1, channels]) // [scan, 1, channel]

  const operation = tf.customGrad((input, gamma, beta, save) => {
    const [flat, weight, bias] = [
      tf.reshape(asTensor(input), [scans, voxels, channels]),
      asTensor(gamma),
      asTensor(beta),
    ]
    const mean = tf.div(perGroup(tf.sum(flat, 1)), count)
    const meanSquare = tf.div(perGroup(tf.sum(tf.square(flat), 1)), count)
    const inverse = perChannel(tf.rsqrt(tf.add(tf.maximum(tf.sub(meanSquare, tf.square(mean)), 0), epsilon)))
    const factor = tf.mul(inverse, tf.reshape(weight, [1, 1, channels])) // [scan, 1, channel]
    const offset = tf.sub(tf.reshape(bias, [1, 1, channels]), tf.mul(perChannel(mean), factor))
    const y = tf.relu(tf.add(tf.mul(flat, factor), offset)) // [scan, voxel, channel]
    asSave(save)([flat, y, perChannel(mean), inverse, weight])

    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [savedX, savedY, savedMean, savedInverse, savedWeight] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor]
      const dz = tf.mul(tf.reshape(dy, [scans, voxels, channels]), tf.step(savedY)) // [scan, voxel, channel]
      const sumDz = tf.sum(dz, 1) // [scan, channel]
      const sumDzX = tf.sum(tf.mul(dz, savedX), 1) // [scan, channel]
      const flatMean = tf.reshape(savedMean, [scans, channels])
      const flatInverse = tf.reshape(savedInverse, [scans, channels])
      const sumDzNormal = tf.mul(tf.sub(sumDzX, tf.mul(flatMean, sumDz)), flatInverse) // Σ dz·x̂
      const meanOf = (sums: Tensor): Tensor => perChannel(tf.div(perGroup(tf.mul(sums, savedWeight)), count))
      // dx = inverse·(γ·dz − mean(γ·dz) − x̂·mean(γ·dz·x̂)), collected into dx = a·dz + b·x + c with small a, b, c.
      const a = tf.mul(savedInverse, tf.reshape(savedWeight, [1, 1, channels]))
      const b = tf.neg(tf.mul(tf.square(savedInverse), meanOf(sumDzNormal)))
      const c = tf.neg(tf.add(tf.mul(savedInverse, meanOf(sumDz)), tf.mul(b, savedMean)))
      const dx = tf.add(tf.add(tf.mul(dz, a), tf.mul(savedX, b)), c)
      return [tf.reshape(dx, x.shape), tf.sum(sumDzNormal, 0), tf.sum(sumDz, 0)]
    }
    return { value: tf.reshape(y, x.shape), gradFunc }
  })
  return operation(x, scale, shift) as Tensor5D
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

/** customGrad types its arguments as a mixture of tensors and the saving function; which is which is known by place. */
function asTensor(argument: unknown): Tensor {
  return argument as Tensor
}

function asSave(argument: unknown): (tensors: Tensor[]) => void {
  return argument as (tensors: Tensor[]) => void
}
