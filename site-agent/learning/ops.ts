// The model's fused operations in the fastest form that the loaded engine has. In this size of network their primitive
// forms cost more than the convolutions.

import type { FusedOps } from '../../shared/model/parameter-tensors.ts'
import type { Tf } from './engine.ts'
import { kernelOps } from './kernel-ops.ts'
import { hasKernels } from './kernels.ts'
import { primitiveOps } from './primitive-ops.ts'

export function fusedOps(tf: Tf): FusedOps {
  return hasKernels(tf) ? kernelOps(tf) : primitiveOps(tf)
}
