// Blobs: weights and updates, named by the SHA-256 of their bytes. An upload grows as a partial blob that survives a
// restart and gets its name only when it is whole, hashed and flushed.

import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'

/** A partial blob that is open for writing; there is one writer to a key at a time. */
export interface PartialBlob {
  /** Bytes held so far: where the next chunk belongs. */
  readonly offset: number
  /**
   * Adds bytes at the end, several arrays in one go, and takes the arrays over: they may be empty afterwards.
   * @throws SequelaError `disk_full`, and none of them is held.
   */
  write(...chunks: readonly Uint8Array[]): Promise<void>
  /**
   * Makes the blob whole: checks length and digest, flushes, and gives it its name. Durable on return.
   * @throws SequelaError `digest_mismatch`, and the partial blob is gone.
   */
  finish(expected: Digest, byteLength: number): Promise<void>
  /** Leaves the bytes for a later attempt. */
  close(): Promise<void>
}

/** Random access to a whole blob. */
export interface BlobReader {
  readonly byteLength: number
  /** Fills `into` from byte `offset` on. @throws SequelaError `store_corrupt` where the blob ends before. */
  read(offset: number, into: Uint8Array): Promise<void>
  close(): Promise<void>
}

export interface Blobs {
  /**
   * Opens the partial blob of a key, made of letters, digits and hyphens, going on where its bytes end.
   * @throws SequelaError `too_busy` while another writer has it, `disk_full` when too little room is left.
   */
  openPartial(key: string, byteLength: number): Promise<PartialBlob>
  /** Bytes that the partial blob of a key holds; 0 where there is none. */
  partialOffset(key: string): Promise<number>
  /** Keys of all partial blobs, in no order. */
  partialKeys(): Promise<readonly string[]>
  discardPartial(key: string): Promise<void>
  /** Stores bytes whole. Durable on return. @throws SequelaError `disk_full`. */
  put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<Digest>
  has(digest: Digest): Promise<boolean>
  /** @throws SequelaError `file_unreadable` when there is no such blob. */
  open(digest: Digest): Promise<BlobReader>
  /** Reads and hashes the whole blob. @throws SequelaError `store_corrupt` when its bytes have changed. */
  verify(digest: Digest): Promise<void>
  /** Path of the blob's bytes, for threads that read them directly; undefined where blobs are not files. */
  pathOf(digest: Digest): string | undefined
  delete(digest: Digest): Promise<void>
  list(): Promise<readonly Digest[]>
}

/** A whole blob, hashed again. @throws SequelaError `file_unreadable`, `store_corrupt` when its bytes have changed. */
export async function readBlob(blobs: Pick<Blobs, 'open'>, digest: Digest): Promise<Uint8Array> {
  const reader = await blobs.open(digest)
  try {
    const content = new Uint8Array(reader.byteLength)
    await reader.read(0, content)
    if (sha256(content) !== digest) throw damaged(digest)
    return content
  } finally {
    await reader.close()
  }
}

/** The refusal for a blob that does not have its hash any more. */
export function damaged(digest: Digest): SequelaError {
  return new SequelaError(
    'store_corrupt',
    `blob ${digest} does not have its hash any more; restore that file of the store from a backup`,
  )
}

/**
 * Whether stored bytes are gone, changed, or not given back by the disk, while what it is given to keep is not in question. Told
 * by codes, as an error loses its class on the way out of a thread.
 */
export function isDamage(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'store_corrupt' || code === 'file_unreadable' || isUnreadable(error)
}

/** The system's errors name their call. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && systemCode(error) === 'EIO' && 'syscall' in error && error.syscall === 'read'
}
