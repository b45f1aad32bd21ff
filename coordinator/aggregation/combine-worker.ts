// A worker thread that combines one range of elements and tells how far it is.

import { parentPort, workerData } from 'node:worker_threads'
import { combineRange } from './combine-range.ts'
import type { AggregationPlan } from './plan.ts'

/** What the thread is started with; `next` lies in memory that both threads see. */
export interface CombineTask {
  readonly plan: AggregationPlan
  readonly from: number
  readonly to: number
  readonly next: Float32Array<SharedArrayBuffer>
}

// Typed here once: the only sender is aggregate.ts of the same version.
const { plan, from, to, next }: CombineTask = workerData

combineRange(plan, { from, to }, next, (element) => parentPort?.postMessage(element))
