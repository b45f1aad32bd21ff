// Computes the average of a round from the stored updates: worker threads combine ranges of elements into one shared
// array, while this thread hands the finished part, in order, to the blob store, which hashes and writes it.
// Memory: one model and a few MB for each site and thread, for any number of sites.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Digest } from '../../shared/digest.ts'
import { encodeHeader } from '../../shared/weights/safetensors.ts'
import { elementCount, type Manifest } from '../../shared/weights/weights.ts'
import type { Blobs } from '../store/blobs.ts'
import { strategyOf } from '../strategy/strategies.ts'
import { combineRange } from './combine-range.ts'
import type { CombineTask } from './combine-worker.ts'
import { type AggregationPlan, blockElements } from './plan.ts'

/** The next weights, durable in the blob store, and which sites were scaled down by what factor. */
export interface Aggregation {
  readonly weightsDigest: Digest
  readonly clipped: ReadonlyMap<string, number>
}

/** Below this a thread costs more than it saves; elements. */
const smallModel = 2 * 1024 * 1024

/** Threads beyond this wait for memory, not for cores. */
const maxThreads = 4

/**
 * Averages as the plan says and stores the result.
 * The same plan gives the same bytes on every machine and with any number of threads, because an element's value depends
 * only on the elements at its place.
 */
export async function aggregate(deps: {
  readonly blobs: Pick<Blobs, 'put'>
  readonly manifest: Manifest
  readonly plan: AggregationPlan
  readonly threads?: number
}): Promise<Aggregation> {
  const { blobs, manifest, plan } = deps
  const threads = plan.elements < smallModel ? 0 : (deps.threads ?? Math.min(maxThreads, availableParallelism()))
  const weightsDigest = await blobs.put(weightsFile(manifest, plan, threads))
  const scales = strategyOf(plan.strategy).scales(plan.updates)
  const clipped = plan.updates.flatMap(({ site }, k) => ((scales[k] ?? 1) < 1 ? [[site, scales[k] ?? 1] as const] : []))
  return { weightsDigest, clipped: new Map(clipped) }
}

async function* weightsFile(manifest: Manifest, plan: AggregationPlan, threads: number): AsyncIterable<Uint8Array> {
  yield encodeHeader(manifest)
  if (elementCount(manifest) !== plan.elements) throw new Error('the plan is for another manifest')
  const next = new Float32Array(new SharedArrayBuffer(plan.elements * 4))
  if (threads === 0) {
    combineRange(plan, { from: 0, to: plan.elements }, next, () => {})
    // A copy, as hashing and writing do not take shared memory.
    yield new Uint8Array(Float32Array.from(next).buffer)
    return
  }
  for await (const { from, to } of combinedInOrder(plan, next, threads)) {
    yield new Uint8Array(next.slice(from, to).buffer)
  }
}

/** Ranges of elements as they become final, from the first element to the last. */
async function* combinedInOrder(
  plan: AggregationPlan,
  next: Float32Array<SharedArrayBuffer>,
  threads: number,
): AsyncIterable<{ readonly from: number; readonly to: number }> {
  const share = Math.ceil(plan.elements / threads / blockElements) * blockElements
  const finished: number[] = []
  let wake = (): void => {}
  let failure: unknown
  const workers = Array.from({ length: threads }, (_, k) => {
    const from = Math.min(k * share, plan.elements)
    const to = Math.min(from + share, plan.elements)
    finished.push(from)
    const task: CombineTask = { plan, from, to, next }
    const worker = new Worker(new URL('./combine-worker.ts', import.meta.url), { workerData: task })
    worker.on('message', (element: number) => {
      finished[k] = element
      wake()
    })
    worker.on('error', (error) => {
      failure = error
      wake()
    })
    return { worker, from, to }
  })
  try {
    for (const [k, { from, to }] of workers.entries()) {
      for (let at = from; at < to; ) {
        if (failure !== undefined) throw failure
        const end = finished[k] ?? from
        if (end > at) {
          yield { from: at, to: end }
          at = end
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    }
  } finally {
    await Promise.all(workers.map(({ worker }) => worker.terminate()))
  }
}
