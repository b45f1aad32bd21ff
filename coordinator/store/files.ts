// Blobs as files: `blobs/ab/abcdef…` for whole ones, `partial/<key>` for uploads that are under way. A blob is written
// aside, flushed, renamed, and its folder flushed; only then may an event name it.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, parseDigest } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { isDiskFull, systemCode } from '../../shared/system-code.ts'
import { type BlobReader, type Blobs, damaged } from './blobs.ts'
import { inWords, writeAll } from './disk-writes.ts'
import { startHash } from './hash-thread.ts'
import { partialBlob } from './partial-file.ts'

const keyPattern = /^[a-zA-Z0-9-]{1,128}$/

export interface FileBlobsOptions {
  readonly folder: string
  /** New work is refused when it would leave less than this free, in bytes. */
  readonly minFreeBytes: number
  /** Leave everything as it lies, as another process may be writing. */
  readonly readOnly?: boolean
  /**
   * Told when the disk could not keep what was written to it. The process must end: the system reports that once and then
   * takes the bytes for kept, so neither what it holds in memory nor a second flush can be trusted.
   */
  readonly onFatal?: (error: unknown) => void
  /** Free bytes on the disk of the folder; a parameter so that a full disk can be tested. */
  readonly freeBytes?: () => Promise<number>
  /** Makes what was written to a file or folder durable; a parameter so that a failing disk can be tested. */
  readonly sync?: (handle: FileHandle, how: 'sync' | 'datasync') => Promise<void>
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
  const { freeBytes = () => freeBytesOf(options.folder), sync = (handle, how) => handle[how]() } = options
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

  /** What could not be kept is deleted first, as after the restart it would be read as if it were whole. */
  const flush = async (path: string, handle: FileHandle, how: 'sync' | 'datasync'): Promise<void> => {
    try {
      await sync(handle, how)
    } catch (error) {
      await rm(path, { force: true }).catch(() => {})
      if (!isDiskFull(error)) options.onFatal?.(error)
      throw error
    }
  }

  /** Without it a name may be lost that an event speaks of, for want of room too. */
  const flushFolder = async (folder: string): Promise<void> => {
    const handle = await open(folder, 'r')
    try {
      await sync(handle, 'sync')
    } catch (error) {
      options.onFatal?.(error)
      throw error
    } finally {
      await handle.close()
    }
  }

  /** Gives a file that is flushed its name. */
  const name = async (path: string, digest: Digest): Promise<void> => {
    const folder = join(wholeFolder, digest.slice(0, 2))
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await flushFolder(wholeFolder)
    await rename(path, fileOf(digest))
    await flushFolder(folder)
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
        return partialBlob({
          ...{ handle, hash, offset },
          flush: (how) => flush(path, handle, how),
          name: (digest) => name(path, digest),
          drop: () => rm(path, { force: true }),
          release: () => void writing.delete(key),
        })
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
        await flush(path, handle, 'sync')
        await handle.close()
        await name(path, digest)
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

async function openBlob(path: string, digest: Digest): Promise<BlobReader> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw systemCode(error) === 'ENOENT' ? missing(digest) : error
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

/** Undefined where there is no file, which is not said of one that the disk cannot show. */
async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (info) => info.size,
    (error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error
      return undefined
    },
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
