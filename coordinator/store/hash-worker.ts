// The thread of hash-thread.ts: hashes that grow side by side, each fed in the order of its messages.

import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

/** What the thread is asked to do with hash number `id`; it answers every question with a `HashAnswer`, in order. */
export type HashQuestion =
  | { readonly id: number; readonly kind: 'update'; readonly pieces: readonly Uint8Array[] }
  /** Answers with the digest; the hash is gone afterwards. */
  | { readonly id: number; readonly kind: 'digest' }
  | { readonly id: number; readonly kind: 'forget' }

export interface HashAnswer {
  readonly digest?: string
}

const hashes = new Map<number, Hash>()

parentPort?.on('message', (question: HashQuestion) => {
  const { id } = question
  const hash = hashes.get(id) ?? createHash('sha256')
  hashes.set(id, hash)
  switch (question.kind) {
    case 'update':
      for (const piece of question.pieces) {
        hash.update(piece)
        free(piece)
      }
      return answer({})
    case 'digest':
      hashes.delete(id)
      return answer({ digest: hash.digest('hex') })
    case 'forget':
      hashes.delete(id)
      return answer({})
  }
})

function answer(message: HashAnswer): void {
  parentPort?.postMessage(message)
}

/** Gives memory that came along back at once; the garbage collector would let a lot of it gather first. */
function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
