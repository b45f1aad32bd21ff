// A worker thread that combines every nth block. It works when it is given a buffer to write into and returns it filled,
// so whoever reads the results decides how far the thread may run ahead.

import { parentPort, workerData } from 'node:worker_threads'
import { openBlockCombiner } from './block-combiner.ts'
import type { PassPlan } from './plan.ts'

/** What the thread is started with: it combines the blocks `first`, `first + step`, … */
export interface CombineTask {
  readonly plan: PassPlan
  readonly first: number
  readonly step: number
}

/** What the thread answers to a buffer: the same buffer, with a block of the next weights at its start. */
export interface CombinedBlock {
  readonly block: number
  readonly elements: number
  readonly buffer: ArrayBuffer
}

// Typed here once: the only sender is aggregate.ts of the same version.
const { plan, first, step }: CombineTask = workerData

const combiner = openBlockCombiner(plan)
let block = first

parentPort?.on('message', (buffer: ArrayBuffer) => {
  if (block >= combiner.blocks) return
  const elements = combiner.combine(block, new Float32Array(buffer))
  const combined: CombinedBlock = { block, elements, buffer }
  parentPort?.postMessage(combined, [buffer])
  block += step
})
