// SHA-256 of blobs while they arrive, on a thread of its own: on the main one it would take a fifth of the time of an
// upload. One thread serves the whole process; it starts with the first upload and keeps nobody alive.

import { Worker } from 'node:worker_threads'
import { type Digest, parseDigest } from '../../shared/digest.ts'
import type { HashAnswer, HashQuestion } from './hash-worker.ts'

/** A SHA-256 that grows. Its calls follow one another. */
export interface RunningHash {
  /** Takes the pieces over: their memory is gone afterwards where nothing else is in it. Resolves when they are in. */
  update(pieces: readonly Uint8Array[]): Promise<void>
  /** Ends the hash. */
  digest(): Promise<Digest>
  /** Ends the hash; nobody wants to know. */
  forget(): void
}

interface HashThread {
  ask(question: HashQuestion, transfer?: ArrayBuffer[]): Promise<HashAnswer>
}

let thread: HashThread | undefined
let hashes = 0

export function startHash(): RunningHash {
  const id = hashes++
  const ask: HashThread['ask'] = (question, transfer) => {
    thread ??= startThread(() => {
      thread = undefined
    })
    return thread.ask(question, transfer)
  }
  return {
    update: async (pieces) => {
      const own = pieces.map((piece) => (isItsOwn(piece) ? piece : new Uint8Array(piece)))
      await ask(
        { id, kind: 'update', pieces: own },
        own.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : [])),
      )
    },
    digest: async () => parseDigest((await ask({ id, kind: 'digest' })).digest ?? ''),
    forget: () => {
      ask({ id, kind: 'forget' }).catch(() => {})
    },
  }
}

/** Whether the memory holds one chunk and its message's few other bytes; small messages share theirs. */
function isItsOwn({ buffer, byteLength }: Uint8Array): boolean {
  return byteLength >= 64 * 1024 && buffer.byteLength < byteLength + 4096 && buffer instanceof ArrayBuffer
}

function startThread(onEnd: () => void): HashThread {
  const worker = new Worker(new URL('./hash-worker.ts', import.meta.url))
  const waiting: PromiseWithResolvers<HashAnswer>[] = []
  const fail = (error: Error): void => {
    onEnd()
    for (const { reject } of waiting.splice(0)) reject(error)
  }
  worker.on('message', (answer: HashAnswer) => {
    waiting.shift()?.resolve(answer)
    if (waiting.length === 0) worker.unref()
  })
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('the thread that hashes has ended')))
  worker.unref()
  return {
    ask: (question, transfer = []) => {
      const asked = Promise.withResolvers<HashAnswer>()
      waiting.push(asked)
      worker.ref()
      worker.postMessage(question, transfer)
      return asked.promise
    },
  }
}
