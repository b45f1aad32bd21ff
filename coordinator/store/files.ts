// Blobs as files: `blobs/ab/abcdef…` for whole ones, `partial/<key>` for uploads that are under way. A blob is written
// aside, flushed, renamed, and its folder flushed; only then may an event name it.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, parseDigest } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type BlobReader, type Blobs, damaged, type PartialBlob } from './blobs.ts'
import { type RunningHash, startHash } from './hash-thread.ts'

/** An upload is flushed in the background this often, in bytes, so that little is left to flush at its end. */
const flushEveryBytes = 16 * 1024 * 1024

const keyPattern = /^[a-zA-Z0-9-]{1,128}$/

export interface FileBlobsOptions {
  readonly folder: string
  /** New work is refused when it would leave less than this free, in bytes. */
  readonly minFreeBytes: number
  /** Leave everything as it lies, as another process may be writing. */
  readonly readOnly?: boolean
  /** Free bytes on the disk of the folder; a parameter so that a full disk can be tested. */
  readonly freeBytes?: () => Promise<number>
}

/** Opens or makes a blob store in a folder; names left by a crash in the middle of `put` are removed. */
export async function openFileBlobs(options: FileBlobsOptions): Promise<Blobs> {
  const wholeFolder = join(options.folder, 'blobs')
  const partialFolder = join(options.folder, 'partial')
  const asideFolder = join(options.folder, 'aside')
  if (!options.readOnly) {
    await rm(asideFolder, { recursive: true, force: true })
    for (const folder of [wholeFolder, partialFolder, asideFolder])
      await mkdir(folder, { recursive: true, mode: 0o700 })
  }
  const freeBytes = options.freeBytes ?? (() => freeBytesOf(options.folder))
  const writing = new Set<string>()
  let nextAside = 0

  const fileOf = (digest: Digest): string => join(wholeFolder, digest.slice(0, 2), digest)
  const partialOf = (key: string): string => join(partialFolder, checkedKey(key))

  const admit = async (byteLength: number): Promise<void> => {
    const free = await freeBytes()
    if (free - byteLength < options.minFreeBytes) {
      const message = `${mb(free)} MB are free on the disk of the store and ${mb(options.minFreeBytes)} MB must stay so`
      throw new SequelaError('disk_full', `${message}; nothing was taken, try again when there is room`)
    }
  }

  /** Flushes a written file and gives it its name. */
  const name = async (handle: FileHandle, path: string, digest: Digest): Promise<void> => {
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    const folder = join(wholeFolder, digest.slice(0, 2))
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(wholeFolder)
    await rename(path, fileOf(digest))
    await syncFolder(folder)
  }

  return {
    openPartial: async (key, byteLength) => {
      const path = partialOf(key)
      if (writing.has(key))
        throw new SequelaError('too_busy', 'the same upload is still open on another connection; try again')
      writing.add(key)
      try {
        const offset = (await sizeOf(path)) ?? 0
        await admit(byteLength - offset)
        const hash = startHash()
        for await (const piece of piecesOf(path)) await hash.update([piece])
        const handle = await open(path, 'a', 0o600)
        return partialBlob({ handle, hash, offset, path, name, release: () => void writing.delete(key) })
      } catch (error) {
        writing.delete(key)
        throw error
      }
    },
    partialOffset: async (key) => (await sizeOf(partialOf(key))) ?? 0,
    partialKeys: () => readdir(partialFolder),
    discardPartial: (key) => rm(partialOf(key), { force: true }),

    put: async (content) => {
      if (content instanceof Uint8Array) await admit(content.byteLength)
      else await admit(0)
      const path = join(asideFolder, String(nextAside++))
      const handle = await open(path, 'wx', 0o600)
      const hash = createHash('sha256')
      try {
        for await (const piece of content instanceof Uint8Array ? [content] : content) {
          hash.update(piece)
          await writeAll(handle, [piece])
        }
        const digest = parseDigest(hash.digest('hex'))
        await name(handle, path, digest)
        return digest
      } catch (error) {
        await handle.close().catch(() => {})
        await rm(path, { force: true })
        throw inWords(error)
      }
    },
    has: async (digest) => (await sizeOf(fileOf(digest))) !== undefined,
    open: (digest) => openBlob(fileOf(digest), digest),
    verify: async (digest) => {
      if ((await sizeOf(fileOf(digest))) === undefined) throw missing(digest)
      const hash = startHash()
      try {
        for await (const piece of piecesOf(fileOf(digest))) await hash.update([piece])
      } catch (error) {
        hash.forget()
        throw error
      }
      if ((await hash.digest()) !== digest) throw damaged(digest)
    },
    pathOf: fileOf,
    delete: (digest) => rm(fileOf(digest), { force: true }),
    list: async () => {
      const names = await readdir(wholeFolder, { recursive: true })
      return names.flatMap((entry) => (entry.length === 67 ? [parseDigest(entry.slice(3))] : [])).sort()
    },
  }
}

function partialBlob(state: {
  readonly handle: FileHandle
  readonly hash: RunningHash
  offset: number
  readonly path: string
  readonly name: (handle: FileHandle, path: string, digest: Digest) => Promise<void>
  readonly release: () => void
}): PartialBlob {
  const { handle, hash, path, name, release } = state
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
      flushed = flushed.then(() => handle.datasync())
      // A disk that fails is heard of in `finish`.
      flushed.catch(() => {})
    },
    finish: async (expected, byteLength) => {
      try {
        await hashed
        const digest = await hash.digest()
        if (state.offset !== byteLength || digest !== expected) {
          await handle.close()
          await rm(path, { force: true })
          const message = `${state.offset} bytes with SHA-256 ${digest.slice(0, 12)}… came instead of ${byteLength} with ${expected.slice(0, 12)}…`
          throw new SequelaError('digest_mismatch', `${message}; send the update again`)
        }
        await flushed
        await name(handle, path, expected)
      } catch (error) {
        throw inWords(error)
      } finally {
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

async function openBlob(path: string, digest: Digest): Promise<BlobReader> {
  const handle = await open(path, 'r').catch(() => {
    throw missing(digest)
  })
  const { size } = await handle.stat()
  return {
    byteLength: size,
    read: async (offset, into) => {
      for (let done = 0; done < into.byteLength; ) {
        const { bytesRead } = await handle.read(into, done, into.byteLength - done, offset + done)
        if (bytesRead === 0) throw new SequelaError('store_corrupt', `blob ${digest} ends at byte ${offset + done}`)
        done += bytesRead
      }
    },
    close: () => handle.close(),
  }
}

/** What a file holds, piece by piece; nothing where there is no file. */
async function* piecesOf(path: string): AsyncIterable<Uint8Array> {
  if ((await sizeOf(path)) === undefined) return
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) yield piece
}

/** Writes all of the pieces, as a call may write less. */
async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let rest = pieces.filter((piece) => piece.byteLength > 0)
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest)
    const left: Uint8Array[] = []
    for (const piece of rest) {
      const done = Math.min(bytesWritten, piece.byteLength)
      bytesWritten -= done
      if (done < piece.byteLength) left.push(piece.subarray(done))
    }
    rest = left
  }
}

/** Want of room is a refusal; any other failure of the disk is not, and stays as it is. */
function inWords(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))) return error
  const message = 'the disk of the store is full; nothing was taken, try again'
  return new SequelaError('disk_full', message, { cause: error })
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (info) => info.size,
    () => undefined,
  )
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function checkedKey(key: string): string {
  if (!keyPattern.test(key))
    throw new SequelaError('message_malformed', `"${key.slice(0, 80)}" is not the key of an upload`)
  return key
}

function missing(digest: Digest): SequelaError {
  return new SequelaError('file_unreadable', `there is no blob ${digest} in the store`)
}

function mb(bytes: number): number {
  return Math.round(bytes / 1e6)
}
