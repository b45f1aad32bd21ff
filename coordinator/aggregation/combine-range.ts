// Combines a range of elements, block by block, reading each file where it lies. Runs in a worker thread.

import { closeSync, openSync, readSync } from 'node:fs'
import { strategyOf } from '../strategy/strategies.ts'
import { type AggregationPlan, blockElements } from './plan.ts'

/**
 * Writes elements `from` to `to` of the next weights into `next`, which holds all elements; calls `done` with the end of
 * each block that is finished.
 */
export function combineRange(
  plan: AggregationPlan,
  range: { readonly from: number; readonly to: number },
  next: Float32Array,
  done: (element: number) => void,
): void {
  const strategy = strategyOf(plan.strategy)
  const scales = strategy.scales(plan.updates)
  const base = openValues(plan.baseFile, plan.dataOffset)
  const previous = plan.previousBaseFile === undefined ? undefined : openValues(plan.previousBaseFile, plan.dataOffset)
  const updates = plan.updates.map(({ file }) => openValues(file, plan.dataOffset))
  try {
    for (let start = range.from; start < range.to; start += blockElements) {
      const length = Math.min(blockElements, range.to - start)
      const block = {
        base: base.read(start, length),
        previousBase: previous?.read(start, length),
        updates: updates.map((update) => update.read(start, length)),
      }
      strategy.combine(block, plan.updates, scales, next.subarray(start, start + length))
      done(start + length)
    }
  } finally {
    for (const file of [base, ...(previous === undefined ? [] : [previous]), ...updates]) file.close()
  }
}

interface ValuesFile {
  /** A view on the elements that is good until the next read. */
  read(start: number, length: number): Float32Array
  close(): void
}

function openValues(file: string, dataOffset: number): ValuesFile {
  const descriptor = openSync(file, 'r')
  const buffer = new Float32Array(blockElements)
  const bytes = new Uint8Array(buffer.buffer)
  return {
    read: (start, length) => {
      for (let done = 0; done < length * 4; ) {
        const count = readSync(descriptor, bytes, done, length * 4 - done, dataOffset + start * 4 + done)
        if (count === 0) throw new Error(`a stored weights file ends ${length * 4 - done} bytes early`)
        done += count
      }
      return buffer.subarray(0, length)
    },
    close: () => closeSync(descriptor),
  }
}
