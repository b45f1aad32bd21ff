// From one volume to one embedding: three stride-2 convolutions with group normalisation, then mean and maximum over what
// is left (with the mean alone a small lesion is invisible), then a linear layer. One copy for every scan of every child.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor, Tensor2D, Tensor3D, Tensor5D } from '@tensorflow/tfjs-core'
import type { Preset } from './presets.ts'

type Tf = typeof TensorFlow

/** A network's parameters by name, each a tensor of its manifest's shape. */
export type ParameterTensors = ReadonlyMap<string, Tensor>

/** Operations that a backend brings in a faster form than the primitive one. */
export interface FusedOps {
  /** Group normalisation and what follows it. @param x [scan, depth, height, width, channel] @returns as `x` */
  groupNorm(x: Tensor5D, normalisation: Normalisation): Tensor5D
  /** Mean, then maximum of each channel over all voxels. @returns [scan, 2·channel] */
  meanMaxPool(x: Tensor5D): Tensor2D
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

/**
 * Embeds scans.
 * @param volumes [scan, depth, height, width, 1], normalised
 * @returns [scan, embedding]; owned by the caller's tidy
 */
export function encode(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  volumes: Tensor5D,
): Tensor2D {
  let x = volumes
  for (let i = 1; i <= preset.encoderChannels.length; i++) {
    const kernel = parameter(parameters, `encoder.block${i}.kernel`) as Tensor5D
    x = tf.conv3d(x, kernel, 2, 'same') // every axis halved, [scan, depth/2, height/2, width/2, channel]
    const scale = parameter(parameters, `encoder.block${i}.norm.scale`)
    const shift = parameter(parameters, `encoder.block${i}.norm.shift`)
    x = ops.groupNorm(x, { scale, shift, channelsPerGroup: preset.channelsPerGroup, relu: true })
  }
  return linear(tf, parameters, 'encoder.embedding', ops.meanMaxPool(x)) // [scan, embedding]
}

/** `x·kernel + bias` of the layer `name`. @param x [row, input] @returns [row, output] */
export function linear(tf: Tf, parameters: ParameterTensors, name: string, x: Tensor2D): Tensor2D {
  const product = tf.matMul(x, parameter(parameters, `${name}.kernel`) as Tensor2D)
  return tf.add(product, parameter(parameters, `${name}.bias`))
}

/** The parameter of that name; a missing one is a bug. */
export function parameter(parameters: ParameterTensors, name: string): Tensor {
  const tensor = parameters.get(name)
  if (tensor === undefined) throw new Error(`the model has no parameter ${name}`)
  return tensor
}
