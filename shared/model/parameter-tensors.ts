// A network's parameters as tensors, and the operations that a backend brings in a faster form: what every part of the
// forward pass is given.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor, Tensor2D, Tensor3D, Tensor5D } from '@tensorflow/tfjs-core'

/** A network's parameters by name, each a tensor of its manifest's shape. */
export type ParameterTensors = ReadonlyMap<string, Tensor>

/** Operations that a backend brings in a faster form than the primitive one. */
export interface FusedOps {
  /** Group normalisation and what follows it. @param x [scan, depth, height, width, channel] @returns as `x` */
  groupNorm(x: Tensor5D, normalisation: Normalisation): Tensor5D
  /** Mean, then maximum of each channel over all voxels. @returns [scan, 2·channel] */
  meanMaxPool(x: Tensor5D): Tensor2D
  /** Maximum over windows of 3×3×3 voxels, two apart ('same'). @returns every axis halved, rounded up */
  maxPool(x: Tensor5D): Tensor5D
  /** @param inputs [step, sequence, 3·hidden] @returns states [step, sequence, hidden] */
  gru(inputs: Tensor3D, kernel: Tensor2D, bias: Tensor): Tensor3D
}

/** Group normalisation (Wu and He 2018) with scale and shift of each channel. */
export interface Normalisation {
  readonly scale: Tensor
  readonly shift: Tensor
  readonly channelsPerGroup: number
  /** Whether negative results become zero. */
  readonly relu: boolean
  /** Added before that: the shortcut of a residual block, of the same shape. */
  readonly added?: Tensor5D
}

/** `x·kernel + bias` of the layer `name`. @param x [row, input] @returns [row, output] */
export function linear(tf: typeof TensorFlow, parameters: ParameterTensors, name: string, x: Tensor2D): Tensor2D {
  const product = tf.matMul(x, parameter(parameters, `${name}.kernel`) as Tensor2D)
  return tf.add(product, parameter(parameters, `${name}.bias`))
}

/** The parameter of that name; a missing one is a bug. */
export function parameter(parameters: ParameterTensors, name: string): Tensor {
  const tensor = parameters.get(name)
  if (tensor === undefined) throw new Error(`the model has no parameter ${name}`)
  return tensor
}
