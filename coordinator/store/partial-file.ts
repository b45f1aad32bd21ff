// An upload that is under way, as a file: written at its end, hashed and flushed while more comes, and named when it is whole.

import type { FileHandle } from 'node:fs/promises'
import type { Digest } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { PartialBlob } from './blobs.ts'
import { inWords, writeAll } from './disk-writes.ts'
import type { RunningHash } from './hash-thread.ts'

/** An upload is flushed in the background this often, in bytes, so that little is left to flush at its end. */
const flushEveryBytes = 16 * 1024 * 1024

/** What an open upload is made of. `offset` is how many bytes its file holds, and `hash` has taken them in. */
interface PartialFile {
  readonly handle: FileHandle
  readonly hash: RunningHash
  offset: number
  /** Rejects when the disk could not keep the bytes; the file is gone then. */
  readonly flush: (how: 'sync' | 'datasync') => Promise<void>
  /** Makes a blob of the file. */
  readonly name: (digest: Digest) => Promise<void>
  readonly drop: () => Promise<void>
  /** Lets another writer have the upload. */
  readonly release: () => void
}

/** Takes the handle over and closes it. */
export function partialBlob(state: PartialFile): PartialBlob {
  const { handle, hash, flush, name, drop, release } = state
  let sinceFlush = 0
  let flushed = Promise.resolve()
  /** The last pieces on their way through the hash, while the next are written. */
  let hashed = Promise.resolve()
  return {
    get offset() {
      return state.offset
    },
    write: async (...chunks) => {
      try {
        await writeAll(handle, chunks)
      } catch (error) {
        // Part of them may be in the file; without it the next chunk continues where `offset` says.
        await handle.truncate(state.offset)
        throw inWords(error)
      }
      const written = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
      state.offset += written
      sinceFlush += written
      await hashed
      hashed = hash.update(chunks)
      // A failure is heard of at the next piece, or in `finish`.
      hashed.catch(() => {})
      if (sinceFlush < flushEveryBytes) return
      sinceFlush = 0
      flushed = flushed.then(() => flush('datasync'))
      // A disk that fails is heard of in `finish`.
      flushed.catch(() => {})
    },
    finish: async (expected, byteLength) => {
      try {
        await hashed
        const digest = await hash.digest()
        if (state.offset !== byteLength || digest !== expected) {
          await drop()
          const message = `${state.offset} bytes with SHA-256 ${digest.slice(0, 12)}… came instead of ${byteLength} with ${expected.slice(0, 12)}…`
          throw new SequelaError('digest_mismatch', `${message}; send the update again`)
        }
        await flushed
        await flush('sync')
        await name(expected)
      } catch (error) {
        throw inWords(error)
      } finally {
        await flushed.catch(() => {})
        await handle.close()
        release()
      }
    },
    close: async () => {
      hash.forget()
      await flushed.catch(() => {})
      await handle.close()
      release()
    },
  }
}
