// Several threads that paint children, one child at a time each. Which thread paints whom does not matter: a child's
// seed is its own.

import { Worker } from 'node:worker_threads'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { TissueMap } from './anatomy.ts'
import type { PaintedChild } from './child-scans.ts'
import type { PaintOrder, PaintReply } from './hospital-worker.ts'
import { writeFailure } from './write-failure.ts'

/**
 * Paints all `orders` from the template on `threads` threads, and calls `onPainted` after each child.
 * @throws SequelaError `disk_full` or `file_unreadable` when a scan cannot be written, `cancelled`; the other threads are stopped
 */
export async function paintAll(
  orders: readonly PaintOrder[],
  template: TissueMap,
  threads: number,
  onPainted: (painted: PaintedChild) => void,
  signal?: AbortSignal,
): Promise<void> {
  const queue = orders.values()
  const workers = Array.from({ length: Math.min(threads, orders.length) }, () => {
    return new Worker(new URL('./hospital-worker.ts', import.meta.url), { workerData: template })
  })
  try {
    await Promise.all(workers.map((worker) => workThrough(worker, queue, onPainted, signal)))
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** Gives the worker the next order whenever it has answered, until none is left. */
function workThrough(
  worker: Worker,
  queue: Iterator<PaintOrder>,
  onPainted: (painted: PaintedChild) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      if (signal?.aborted) {
        reject(new SequelaError('cancelled', 'painting was called off'))
        return
      }
      const order = queue.next()
      if (order.done) resolve()
      else worker.postMessage(order.value)
    }
    worker.on('message', (reply: PaintReply) => {
      if ('failure' in reply) {
        reject(reply.errno ? writeFailure(reply.errno, reply.failure) : new Error(reply.failure))
        return
      }
      onPainted(reply)
      next()
    })
    worker.on('error', reject)
    worker.on('exit', () => reject(new SequelaError('internal', 'A thread that paints scans ended too early.')))
    next()
  })
}
