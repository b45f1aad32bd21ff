// tf.customGrad types its arguments as a mixture of tensors and the saving function; which is which is known by place.

import type { Tensor } from '@tensorflow/tfjs-core'

export function asTensor(argument: unknown): Tensor {
  return argument as Tensor
}

export function asSave(argument: unknown): (tensors: Tensor[]) => void {
  return argument as (tensors: Tensor[]) => void
}
