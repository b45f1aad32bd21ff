// The worker threads of one average. Buffers go round: a thread fills one, the blob store writes it, the thread gets it
// back. So the results come in order and memory is that of the buffers, however large the model is.

import { Worker } from 'node:worker_threads'
import type { CombinedBlock, CombineTask } from './combine-worker.ts'
import { blockElementsOf, type PassPlan } from './plan.ts'

/** Buffers that a thread has: one it fills, one that is written, and two so that neither side waits for the other. */
const buffersPerThread = 4

/**
 * The next weights, block after block from the first; each is good until the next is asked for.
 * All threads have ended when the iteration has, however it ends.
 * @throws the reason of `signal`, at the block after it is aborted.
 */
export async function* combinedInThreads(
  plan: PassPlan,
  threads: number,
  signal: AbortSignal | undefined,
): AsyncIterable<Float32Array> {
  const blockElements = blockElementsOf(plan)
  const blocks = Math.ceil(plan.elements / blockElements)
  const finished = new Map<number, CombinedBlock>()
  let failure: { readonly error: unknown } | undefined
  let wake = (): void => {}

  const fail = (error: unknown): void => {
    failure ??= { error }
    wake()
  }
  const workers = Array.from({ length: threads }, (_, first) => {
    const task: CombineTask = { plan, first, step: threads }
    const worker = new Worker(new URL('./combine-worker.ts', import.meta.url), { workerData: task })
    worker.on('error', fail)
    worker.on('exit', () => fail(new Error('a thread of the average ended early')))
    worker.on('message', (combined: CombinedBlock) => {
      finished.set(combined.block, combined)
      wake()
    })
    return worker
  })
  const giveBuffer = (worker: Worker | undefined, buffer: ArrayBuffer): void => worker?.postMessage(buffer, [buffer])
  const abort = (): void => fail(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  try {
    for (const worker of workers) {
      for (let i = 0; i < buffersPerThread; i++) giveBuffer(worker, new ArrayBuffer(blockElements * 4))
    }
    for (let block = 0; block < blocks; ) {
      if (failure !== undefined) throw failure.error
      const next = finished.get(block)
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      yield new Float32Array(next.buffer, 0, next.elements)
      finished.delete(block)
      giveBuffer(workers[block % threads], next.buffer)
      block++
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
