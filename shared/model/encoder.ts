// From one volume to one embedding: convolutions down to a few voxels, then mean and maximum over what is left (with the mean
// alone a small lesion is invisible), then a linear layer. One copy for every scan of every child.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor2D, Tensor5D } from '@tensorflow/tfjs-core'
import { type FusedOps, linear, type ParameterTensors, parameter } from './parameter-tensors.ts'
import type { Preset } from './presets.ts'
import { resNet18 } from './resnet.ts'

type Tf = typeof TensorFlow

/**
 * Embeds scans.
 * @param volumes [scan, depth, height, width, channel], normalised
 * @returns [scan, embedding]; owned by the caller's tidy
 */
export function encode(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  volumes: Tensor5D,
): Tensor2D {
  const { encoder, channelsPerGroup } = preset
  const x =
    encoder.kind === 'resnet18'
      ? resNet18(tf, ops, { width: encoder.width, channelsPerGroup }, parameters, volumes)
      : convolutions(tf, ops, { blocks: encoder.channels.length, channelsPerGroup }, parameters, volumes)
  return linear(tf, parameters, 'encoder.embedding', ops.meanMaxPool(x)) // [scan, embedding]
}

/** Stride-2 convolutions, each with group normalisation and ReLU. @returns [scan, depth/2ⁿ, height/2ⁿ, width/2ⁿ, channel] */
function convolutions(
  tf: Tf,
  ops: FusedOps,
  { blocks, channelsPerGroup }: { readonly blocks: number; readonly channelsPerGroup: number },
  parameters: ParameterTensors,
  volumes: Tensor5D,
): Tensor5D {
  let x = volumes
  for (let i = 1; i <= blocks; i++) {
    const kernel = parameter(parameters, `encoder.block${i}.kernel`) as Tensor5D
    x = tf.conv3d(x, kernel, 2, 'same') // every axis halved, [scan, depth/2, height/2, width/2, channel]
    const scale = parameter(parameters, `encoder.block${i}.norm.scale`)
    const shift = parameter(parameters, `encoder.block${i}.norm.shift`)
    x = ops.groupNorm(x, { scale, shift, channelsPerGroup, relu: true })
  }
  return x
}
