// Faults between a coordinator and its store: the process dies at a chosen step, or the disk is full for a while.

import { existsSync } from 'node:fs'
import { z } from 'zod'
import type { CoordinatorOptions } from '../../coordinator/coordinator.ts'
import type { Blobs, PartialBlob } from '../../coordinator/store/blobs.ts'
import type { Journal } from '../../coordinator/store/journal.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'

type StoreSeam = NonNullable<CoordinatorOptions['storeSeam']>

export const storeFaultSchema = z.discriminatedUnion('kind', [
  /** The process is killed at the `nth` append that holds an event of that type, counted from 1 in this process. */
  z.strictObject({
    kind: z.literal('killed-at-append'),
    when: z.enum(['before', 'after']),
    event: z.string(),
    nth: z.int().min(1),
  }),
  /**
   * The process is killed at the `nth` step on blobs: `put` stores bytes whole (first the initial weights, then one
   * average a round), `write` adds a chunk to an upload, `finish` makes an upload whole. `during`: half of it is done.
   */
  z.strictObject({
    kind: z.literal('killed-at-blob'),
    when: z.enum(['before', 'during', 'after']),
    step: z.enum(['put', 'write', 'finish']),
    nth: z.int().min(1),
  }),
  /** Whatever needs room is refused while that file exists. */
  z.strictObject({ kind: z.literal('disk-full'), whileExists: z.string() }),
])

export type StoreFault = z.infer<typeof storeFaultSchema>

export function storeSeamOf(fault: StoreFault): StoreSeam {
  switch (fault.kind) {
    case 'killed-at-append':
      return { journal: (inner) => journalKilledAt(inner, fault), blobs: (inner) => inner }
    case 'killed-at-blob':
      return { journal: (inner) => inner, blobs: (inner) => blobsKilledAt(inner, fault) }
    case 'disk-full': {
      const full = (): boolean => existsSync(fault.whileExists)
      return { journal: (inner) => journalFullWhile(inner, full), blobs: (inner) => blobsFullWhile(inner, full) }
    }
  }
}

/** No handler runs and nothing is flushed. */
function dieNow(): void {
  process.kill(process.pid, 'SIGKILL')
}

function journalKilledAt(inner: Journal, fault: Extract<StoreFault, { kind: 'killed-at-append' }>): Journal {
  let seen = 0
  return {
    ...inner,
    append: (records) => {
      const meant = records.some(({ type }) => type === fault.event) && ++seen === fault.nth
      if (meant && fault.when === 'before') dieNow()
      const entries = inner.append(records)
      if (meant) dieNow()
      return entries
    },
  }
}

function blobsKilledAt(inner: Blobs, fault: Extract<StoreFault, { kind: 'killed-at-blob' }>): Blobs {
  let seen = 0
  /** Whether this is the step that is meant; dies here and now if it is not to be begun. */
  const meant = (step: typeof fault.step): boolean => {
    if (step !== fault.step || ++seen !== fault.nth) return false
    if (fault.when === 'before') dieNow()
    return true
  }
  return {
    ...inner,
    put: async (content) => {
      const die = meant('put')
      const digest = await inner.put(die && fault.when === 'during' ? firstPieceOf(content) : content)
      if (die) dieNow()
      return digest
    },
    openPartial: async (key, byteLength) => {
      const partial = await inner.openPartial(key, byteLength)
      return partialOver(partial, {
        write: async (...chunks) => {
          const die = meant('write')
          if (die && fault.when === 'during') await partial.write(halfOf(chunks))
          else await partial.write(...chunks)
          if (die) dieNow()
        },
        finish: async (expected, length) => {
          const die = meant('finish')
          await partial.finish(expected, length)
          if (die) dieNow()
        },
      })
    },
  }
}

async function* firstPieceOf(content: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (content instanceof Uint8Array) yield content.subarray(0, content.byteLength / 2)
  else {
    for await (const piece of content) {
      yield piece
      break
    }
  }
  dieNow()
}

function halfOf(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = Buffer.concat(chunks)
  return whole.subarray(0, whole.byteLength / 2)
}

function journalFullWhile(inner: Journal, full: () => boolean): Journal {
  return {
    ...inner,
    append: (records) => {
      if (full()) throw noRoom()
      return inner.append(records)
    },
  }
}

function blobsFullWhile(inner: Blobs, full: () => boolean): Blobs {
  return {
    ...inner,
    put: async (content) => {
      if (full()) throw noRoom()
      return inner.put(content)
    },
    openPartial: async (key, byteLength) => {
      if (full()) throw noRoom()
      const partial = await inner.openPartial(key, byteLength)
      return partialOver(partial, {
        write: async (...chunks) => {
          if (full()) throw noRoom()
          await partial.write(...chunks)
        },
        finish: (expected, length) => partial.finish(expected, length),
      })
    },
  }
}

/** The partial blob with other steps; its offset is read anew each time. */
function partialOver(inner: PartialBlob, steps: Pick<PartialBlob, 'write' | 'finish'>): PartialBlob {
  return {
    ...steps,
    get offset() {
      return inner.offset
    },
    close: () => inner.close(),
  }
}

function noRoom(): SequelaError {
  return new SequelaError('disk_full', 'the disk of the coordinator is full')
}
