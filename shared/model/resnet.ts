// ResNet-18 (He et al. 2016) in three dimensions, with group normalisation in place of batch normalisation: a scan's embedding
// must not depend on which scans come with it. Widths 1, 2, 4, 8 times the first; two blocks of two convolutions each.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor5D } from '@tensorflow/tfjs-core'
import { type FusedOps, type ParameterTensors, parameter } from './parameter-tensors.ts'

/** One residual block of the network, in the order in which they come. */
export interface ResidualBlock {
  readonly name: string
  readonly inputs: number
  readonly outputs: number
  /** 2 where every axis is halved. */
  readonly stride: 1 | 2
}

/** Edge of the first convolution's kernel. */
export const stemKernel = 7

/** The blocks after the first convolution and the maximum. */
export function residualBlocks(width: number): readonly ResidualBlock[] {
  return [1, 2, 4, 8].flatMap((times, layer): ResidualBlock[] => {
    const outputs = times * width
    const name = `encoder.layer${layer + 1}`
    const inputs = layer === 0 ? width : outputs / 2
    return [
      { name: `${name}.block1`, inputs, outputs, stride: layer === 0 ? 1 : 2 },
      { name: `${name}.block2`, inputs: outputs, outputs, stride: 1 },
    ]
  })
}

/** Whether a block's shortcut needs a convolution of its own, to have the shape of what it is added to. */
export function hasProjection({ inputs, outputs, stride }: ResidualBlock): boolean {
  return stride !== 1 || inputs !== outputs
}

/**
 * What is left of volumes after each of the four layers: 1/4, 1/8, 1/16, 1/32 of every axis, rounded up.
 * @param volumes [scan, depth, height, width, sequence]
 * @returns from [scan, depth/4, height/4, width/4, width of the network] to [scan, depth/32, height/32, width/32, 8·width]
 */
export function resNet18(
  tf: typeof TensorFlow,
  ops: FusedOps,
  { width, channelsPerGroup }: { readonly width: number; readonly channelsPerGroup: number },
  parameters: ParameterTensors,
  volumes: Tensor5D,
): Tensor5D[] {
  const convolved = (x: Tensor5D, name: string, stride: number): Tensor5D => {
    const kernel = parameter(parameters, `${name}.kernel`) as Tensor5D
    // With 'same', a kernel smaller than its stride would look at the wrong voxels.
    return tf.conv3d(x, kernel, stride, kernel.shape[0] === 1 ? 'valid' : 'same')
  }
  const normalised = (
    x: Tensor5D,
    name: string,
    then: { readonly relu: boolean; readonly added?: Tensor5D },
  ): Tensor5D =>
    ops.groupNorm(x, {
      scale: parameter(parameters, `${name}.norm.scale`),
      shift: parameter(parameters, `${name}.norm.shift`),
      channelsPerGroup,
      ...then,
    })

  const stem = normalised(convolved(volumes, 'encoder.stem', 2), 'encoder.stem', { relu: true }) // axes halved
  let x = ops.maxPool(stem) // axes halved again
  const layers: Tensor5D[] = []
  for (const block of residualBlocks(width)) {
    const { name, stride } = block
    const shortcut = hasProjection(block)
      ? normalised(convolved(x, `${name}.projection`, stride), `${name}.projection`, { relu: false })
      : x
    const inner = normalised(convolved(x, `${name}.first`, stride), `${name}.first`, { relu: true })
    x = normalised(convolved(inner, `${name}.second`, 1), `${name}.second`, { relu: true, added: shortcut })
    if (name.endsWith('.block2')) layers.push(x)
  }
  return layers
}
