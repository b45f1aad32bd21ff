// The operations of our own (deploy/engine/kernels), as the engine's backend runs them. Each is one call of native code
// where TensorFlow's own operations would take dozens of passes over the same numbers.

import type { NamedTensorMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import type { Tf } from './engine.ts'

const backendName = 'tensorflow'

const kernelNames = [
  'SequelaGroupNorm',
  'SequelaGroupNormGrad',
  'SequelaMeanMaxPool',
  'SequelaMeanMaxPoolGrad',
  'SequelaMaxPool',
  'SequelaMaxPoolGrad',
  'SequelaGru',
  'SequelaGruGrad',
] as const

export type KernelName = (typeof kernelNames)[number]

/** Makes the native operations known to tfjs; they must be known to TensorFlow already. */
export function registerKernels(tf: Tf): void {
  for (const kernelName of kernelNames) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const { outputs, attributes } = attrs as unknown as { outputs: number; attributes: Attributes }
        const native = backend as NodeBackend
        const given = Object.entries(attributes).map(([name, value]) => ({
          name,
          type: typeof value === 'boolean' ? native.binding.TF_ATTR_BOOL : native.binding.TF_ATTR_INT,
          value,
        }))
        return native.executeMultipleOutputs(kernelName, given, Object.values(inputs), outputs)
      },
    })
  }
}

/** Whether this engine has the operations. */
export function hasKernels(tf: Tf): boolean {
  return tf.getBackend() === backendName && tf.getKernel('SequelaGroupNorm', backendName) !== undefined
}

type Attributes = Readonly<Record<string, number | boolean>>

/** Runs one operation. @returns its outputs, owned by the caller's tidy */
export function runKernel(
  tf: Tf,
  name: KernelName,
  inputs: readonly Tensor[],
  outputs: number,
  attributes: Attributes = {},
): Tensor[] {
  const named: NamedTensorMap = Object.fromEntries(inputs.map((input, i) => [`${i}`, input]))
  return tf.engine().runKernel(name, named, { outputs, attributes: { ...attributes } })
}

/** What tfjs-node's backend offers to kernels; the package does not export the type. */
interface NodeBackend {
  readonly binding: { readonly TF_ATTR_INT: number; readonly TF_ATTR_BOOL: number }
  executeMultipleOutputs(
    name: string,
    attributes: readonly object[],
    inputs: readonly unknown[],
    outputs: number,
  ): TensorInfo[]
}
