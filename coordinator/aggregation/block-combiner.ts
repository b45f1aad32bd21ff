// Combines one block of elements after another, reading each file where it lies. Runs in worker threads, and in place for
// small models; reads block the thread that they run in.

import { closeSync, openSync, readSync } from 'node:fs'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { strategyOf } from '../strategy/strategies.ts'
import { blockElementsOf, type PassPlan } from './plan.ts'

/** Gives any block of the next weights; blocks are counted from 0 and all but the last hold `blockElements`. */
export interface BlockCombiner {
  readonly blockElements: number
  readonly blocks: number
  /** Writes a block of the next weights to the start of `next` and returns how many elements it has. */
  combine(block: number, next: Float32Array): number
  close(): void
}

/** Opens every file of the plan; the caller closes. */
export function openBlockCombiner(plan: PassPlan): BlockCombiner {
  const strategy = strategyOf(plan.strategy, plan.pass)
  const scales = strategy.scales(plan.updates)
  const blockElements = blockElementsOf(plan)
  const files: ValuesFile[] = []
  const openFile = (path: string): ValuesFile => {
    const file = openValues(path, plan.dataOffset, blockElements)
    files.push(file)
    return file
  }
  const base = plan.baseFile === undefined ? noughts(blockElements) : openFile(plan.baseFile)
  const previousBase = plan.previousBaseFile === undefined ? undefined : openFile(plan.previousBaseFile)
  const updates = plan.updates.map(({ file }) => openFile(file))
  return {
    blockElements,
    blocks: Math.ceil(plan.elements / blockElements),
    combine: (block, next) => {
      const start = block * blockElements
      const length = Math.min(blockElements, plan.elements - start)
      const read = (file: Pick<ValuesFile, 'read'>): Float32Array => file.read(start, length)
      strategy.combine(
        {
          base: read(base),
          previousBase: previousBase === undefined ? undefined : read(previousBase),
          updates: updates.map(read),
        },
        plan.updates,
        scales,
        next.subarray(0, length),
      )
      return length
    },
    close: () => {
      for (const file of files) file.close()
    },
  }
}

interface ValuesFile {
  /** A view on the elements that is good until the next read. */
  read(start: number, length: number): Float32Array
  close(): void
}

function noughts(blockElements: number): Pick<ValuesFile, 'read'> {
  const values = new Float32Array(blockElements)
  return { read: (_start, length) => values.subarray(0, length) }
}

function openValues(path: string, dataOffset: number, blockElements: number): ValuesFile {
  const descriptor = openSync(path, 'r')
  const buffer = new Float32Array(blockElements)
  const bytes = new Uint8Array(buffer.buffer)
  return {
    read: (start, length) => {
      for (let done = 0; done < length * 4; ) {
        const count = readSync(descriptor, bytes, done, length * 4 - done, dataOffset + start * 4 + done)
        if (count === 0) {
          throw new SequelaError('store_corrupt', `a stored weights file ends ${length * 4 - done} bytes early`)
        }
        done += count
      }
      return buffer.subarray(0, length)
    },
    close: () => closeSync(descriptor),
  }
}
