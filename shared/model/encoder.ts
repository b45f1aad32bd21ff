// From what there is of one visit to one embedding. Images: convolutions down to a few voxels, then mean and maximum over
// what is left (with the mean alone a small lesion is invisible), then a linear layer; arrays: the linear layer alone. One
// copy for every scan of every child.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor, Tensor2D, Tensor5D } from '@tensorflow/tfjs-core'
import { type FusedOps, linear, type ParameterTensors, parameter } from './parameter-tensors.ts'
import type { ImagePreset, Preset } from './presets.ts'
import { resNet18 } from './resnet.ts'

type Tf = typeof TensorFlow

/** What a batch holds of its scans. */
export interface ScanInputs {
  /** Images [scan, depth, height, width, sequence], normalised, or arrays [scan, feature·sequence]; nought where missing. */
  readonly values: Tensor
  /** 1 where the visit has the sequence; only for models of several. [scan, sequence] */
  readonly present?: Tensor2D
}

/** Embeds scans. @returns [scan, embedding]; owned by the caller's tidy */
export function encode(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  { values, present }: ScanInputs,
): Tensor2D {
  const seen =
    'grid' in preset
      ? ops.meanMaxPool(convolved(tf, ops, preset, parameters, values as Tensor5D)) // [scan, 2·channel]
      : (values as Tensor2D)
  const told = present === undefined ? seen : (tf.concat([seen, present], 1) as Tensor2D)
  return linear(tf, parameters, 'encoder.embedding', told)
}

/** @param volumes [scan, depth, height, width, sequence] @returns [scan, depth/2ⁿ, height/2ⁿ, width/2ⁿ, channel] */
function convolved(
  tf: Tf,
  ops: FusedOps,
  { encoder, channelsPerGroup }: ImagePreset,
  parameters: ParameterTensors,
  volumes: Tensor5D,
): Tensor5D {
  if (encoder.kind === 'resnet18') {
    return resNet18(tf, ops, { width: encoder.width, channelsPerGroup }, parameters, volumes)
  }
  return encoder.channels.reduce((x: Tensor5D, _, i) => {
    const kernel = parameter(parameters, `encoder.block${i + 1}.kernel`) as Tensor5D
    const scale = parameter(parameters, `encoder.block${i + 1}.norm.scale`)
    const shift = parameter(parameters, `encoder.block${i + 1}.norm.shift`)
    const halved = tf.conv3d(x, kernel, 2, 'same') // every axis halved, [scan, depth/2, height/2, width/2, channel]
    return ops.groupNorm(halved, { scale, shift, channelsPerGroup, relu: true })
  }, volumes)
}
