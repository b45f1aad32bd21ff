// The model's fused operations on native kernels, with their gradients.

import type { Tensor, Tensor2D, Tensor3D, Tensor5D } from '@tensorflow/tfjs-core'
import type { FusedOps, Normalisation } from '../../shared/model/parameter-tensors.ts'
import { asSave, asTensor } from './custom-grad.ts'
import type { Tf } from './engine.ts'
import { runKernel } from './kernels.ts'

export function kernelOps(tf: Tf): FusedOps {
  return {
    groupNorm: (x, normalisation) => groupNorm(tf, x, normalisation),
    meanMaxPool: (x) => meanMaxPool(tf, x),
    maxPool: (x) => maxPool(tf, x),
    gru: (inputs, kernel, bias) => gru(tf, inputs, kernel, bias),
  }
}

function groupNorm(tf: Tf, x: Tensor5D, { scale, shift, channelsPerGroup, relu, added }: Normalisation): Tensor5D {
  const attributes = { channelsPerGroup, relu, n: added === undefined ? 0 : 1 }
  const inputs = added === undefined ? [x, scale, shift] : [x, scale, shift, added]
  const operation = tf.customGrad((...given) => {
    const tensors = given.slice(0, inputs.length) as Tensor[]
    const [y, mean, inverse] = runKernel(tf, 'SequelaGroupNorm', tensors, 3, attributes) as [Tensor, Tensor, Tensor]
    const [input, weight] = tensors as [Tensor, Tensor]
    asSave(given[inputs.length])([input, y, weight, mean, inverse])
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] =>
      runKernel(tf, 'SequelaGroupNormGrad', [dy, ...saved], inputs.length, attributes)
    return { value: y, gradFunc }
  })
  return operation(...inputs) as Tensor5D
}

function meanMaxPool(tf: Tf, x: Tensor5D): Tensor2D {
  const operation = tf.customGrad((input, save) => {
    const [pooled] = runKernel(tf, 'SequelaMeanMaxPool', [asTensor(input)], 1) as [Tensor]
    asSave(save)([asTensor(input), pooled])
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor =>
      runKernel(tf, 'SequelaMeanMaxPoolGrad', [dy, ...saved], 1)[0] as Tensor
    return { value: pooled, gradFunc }
  })
  return operation(x) as Tensor2D
}

function maxPool(tf: Tf, x: Tensor5D): Tensor5D {
  const operation = tf.customGrad((input, save) => {
    const [y] = runKernel(tf, 'SequelaMaxPool', [asTensor(input)], 1) as [Tensor]
    asSave(save)([asTensor(input), y])
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor =>
      runKernel(tf, 'SequelaMaxPoolGrad', [dy, ...saved], 1)[0] as Tensor
    return { value: y, gradFunc }
  })
  return operation(x) as Tensor5D
}

function gru(tf: Tf, inputs: Tensor3D, kernel: Tensor2D, bias: Tensor): Tensor3D {
  const operation = tf.customGrad((...given) => {
    const tensors = given.slice(0, 3) as Tensor[]
    const [states, gates, recurrent] = runKernel(tf, 'SequelaGru', tensors, 3) as [Tensor, Tensor, Tensor]
    asSave(given[3])([states, gates, recurrent, tensors[1] as Tensor])
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => runKernel(tf, 'SequelaGruGrad', [dy, ...saved], 3)
    return { value: states, gradFunc }
  })
  return operation(inputs, kernel, bias) as Tensor3D
}
