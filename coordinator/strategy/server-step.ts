// The server's step, the same for every strategy: what the updates come to, with momentum, added to the base. Momentum
// (FedAvgM, Hsu et al. 2019) is taken from the two published weights instead of a state of its own, so nothing can be lost
// in a crash.

import type { Block } from './strategy.ts'

/** Elements whose steps are held in float64 at a time: 32 KiB, which stay in a core's first cache. */
const tileElements = 4096

/**
 * Writes base + step + `serverMomentum` · (base − previousBase) into `next`.
 * @param fill writes the steps of the elements from `from` on, as many as `step` has
 */
export function takeSteps(
  { base, previousBase }: Pick<Block, 'base' | 'previousBase'>,
  serverMomentum: number,
  next: Float32Array,
  fill: (from: number, step: Float64Array) => void,
): void {
  const tile = new Float64Array(Math.min(tileElements, base.length))
  for (let from = 0; from < base.length; from += tileElements) {
    const step = tile.subarray(0, Math.min(tileElements, base.length - from))
    fill(from, step)
    if (previousBase !== undefined) addMomentum(step, serverMomentum, base, previousBase, from)
    for (let i = 0; i < step.length; i++) next[from + i] = (base[from + i] as number) + (step[i] as number)
  }
}

function addMomentum(
  step: Float64Array,
  momentum: number,
  base: Float32Array,
  previousBase: Float32Array,
  from: number,
): void {
  for (let i = 0; i < step.length; i++) {
    const before = (base[from + i] as number) - (previousBase[from + i] as number)
    step[i] = (step[i] as number) + momentum * before
  }
}
