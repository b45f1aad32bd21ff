// Layer normalisation (Ba et al. 2016), as PyTorch's LayerNorm computes it.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { type ParameterTensors, parameter } from './parameter-tensors.ts'

/** As in PyTorch's LayerNorm. */
const epsilon = 1e-5

/** Normalises each row, then scales and shifts each column. @param x [row, column] @returns as `x` */
export function layerNorm(tf: typeof TensorFlow, parameters: ParameterTensors, name: string, x: Tensor2D): Tensor2D {
  const { mean, variance } = tf.moments(x, 1, true)
  const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)))
  const scaled = tf.mul(normal, parameter(parameters, `${name}.scale`))
  return tf.add(scaled, parameter(parameters, `${name}.shift`))
}
