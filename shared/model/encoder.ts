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

/** What the encoder makes of scans; owned by the caller's tidy. */
export interface Encoded {
  /** [scan, embedding] */
  readonly embeddings: Tensor2D
  /** What the preset's `comparedLayer` gives, for networks that compare it between visits. [scan, depth, height, width, channel] */
  readonly maps?: Tensor5D
}

/** Embeds scans. */
export function encode(
  tf: Tf,
  ops: FusedOps,
  preset: Preset,
  parameters: ParameterTensors,
  { values, present }: ScanInputs,
): Encoded {
  const embedded = (seen: Tensor2D): Tensor2D => {
    const told = present === undefined ? seen : (tf.concat([seen, present], 1) as Tensor2D)
    return linear(tf, parameters, 'encoder.embedding', told)
  }
  if (!('grid' in preset)) return { embeddings: embedded(values as Tensor2D) }
  const layers = layersOf(tf, ops, preset, parameters, values as Tensor5D)
  const embeddings = embedded(ops.meanMaxPool(layers.at(-1) as Tensor5D)) // of [scan, 2·channel]
  if (preset.temporal !== 'change-gru') return { embeddings }
  return { embeddings, maps: layers[preset.comparedLayer] as Tensor5D }
}

/** @param volumes [scan, depth, height, width, sequence] @returns of each layer [scan, depth/2ⁿ, height/2ⁿ, width/2ⁿ, channel] */
function layersOf(
  tf: Tf,
  ops: FusedOps,
  { encoder, channelsPerGroup }: ImagePreset,
  parameters: ParameterTensors,
  volumes: Tensor5D,
): Tensor5D[] {
  if (encoder.kind === 'resnet18') {
    return resNet18(tf, ops, { width: encoder.width, channelsPerGroup }, parameters, volumes)
  }
  const layers: Tensor5D[] = []
  for (const i of encoder.channels.keys()) {
    const kernel = parameter(parameters, `encoder.block${i + 1}.kernel`) as Tensor5D
    const scale = parameter(parameters, `encoder.block${i + 1}.norm.scale`)
    const shift = parameter(parameters, `encoder.block${i + 1}.norm.shift`)
    const halved = tf.conv3d(layers.at(-1) ?? volumes, kernel, 2, 'same') // every axis halved, [scan, depth/2, height/2, width/2, channel]
    layers.push(ops.groupNorm(halved, { scale, shift, channelsPerGroup, relu: true }))
  }
  return layers
}
