// Blobs in memory, for tests of what stands above them. Same contract as those on disk, less durability.

import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Blobs } from './blobs.ts'

export function createMemoryBlobs(): Blobs {
  const whole = new Map<Digest, Uint8Array>()
  const partial = new Map<string, Buffer>()
  const writing = new Set<string>()
  return {
    openPartial: async (key) => {
      if (writing.has(key)) throw new SequelaError('too_busy', 'the same upload is still open')
      writing.add(key)
      const held = (): Buffer => partial.get(key) ?? Buffer.alloc(0)
      return {
        get offset() {
          return held().byteLength
        },
        write: async (...chunks) => void partial.set(key, Buffer.concat([held(), ...chunks])),
        finish: async (expected, byteLength) => {
          const content = held()
          partial.delete(key)
          writing.delete(key)
          if (content.byteLength !== byteLength || sha256(content) !== expected) {
            throw new SequelaError('digest_mismatch', 'other bytes came than were announced')
          }
          whole.set(expected, content)
        },
        close: async () => void writing.delete(key),
      }
    },
    partialOffset: async (key) => partial.get(key)?.byteLength ?? 0,
    partialKeys: async () => [...partial.keys()],
    discardPartial: async (key) => void partial.delete(key),
    put: async (content) => {
      const pieces: Uint8Array[] = []
      for await (const piece of content instanceof Uint8Array ? [content] : content) pieces.push(Uint8Array.from(piece))
      const bytes = Buffer.concat(pieces)
      whole.set(sha256(bytes), bytes)
      return sha256(bytes)
    },
    has: async (digest) => whole.has(digest),
    open: async (digest) => {
      const content = whole.get(digest)
      if (content === undefined) throw new SequelaError('file_unreadable', `there is no blob ${digest}`)
      return {
        byteLength: content.byteLength,
        read: async (offset, into) => {
          if (offset + into.byteLength > content.byteLength)
            throw new SequelaError('store_corrupt', `blob ${digest} ends before`)
          into.set(content.subarray(offset, offset + into.byteLength))
        },
        close: async () => {},
      }
    },
    verify: async (digest) => {
      if (!whole.has(digest)) throw new SequelaError('file_unreadable', `there is no blob ${digest}`)
    },
    pathOf: () => undefined,
    delete: async (digest) => void whole.delete(digest),
    list: async () => [...whole.keys()].sort(),
  }
}
