import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { describeBlobs } from './blobs.contract.ts'
import { readBlob } from './blobs.ts'
import { openFileBlobs } from './files.ts'
import { createMemoryBlobs } from './memory-blobs.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-blobs-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let count = 0
const newFolder = (): string => join(root, String(count++))

describeBlobs('blob store in memory', async () => createMemoryBlobs())
describeBlobs('blob store on disk', () => openFileBlobs({ folder: newFolder(), minFreeBytes: 0 }))

describe('the blob store on disk', () => {
  test('keeps blobs and uploads across a restart and clears away what a crash left aside', async () => {
    const folder = newFolder()
    const first = await openFileBlobs({ folder, minFreeBytes: 0 })
    const digest = await first.put(new Uint8Array(100))
    const partial = await first.openPartial('upload', 100)
    await partial.write(new Uint8Array(40))
    mkdirSync(join(folder, 'aside'), { recursive: true })
    writeFileSync(join(folder, 'aside', '0'), 'half a blob')
    const second = await openFileBlobs({ folder, minFreeBytes: 0 })
    expect(await second.has(digest)).toBe(true)
    expect(await second.partialOffset('upload')).toBe(40)
    expect(readdirSync(join(folder, 'aside'))).toEqual([])
    await partial.close()
  })

  test('finds a blob whose bytes were changed or cut off', async () => {
    const folder = newFolder()
    const blobs = await openFileBlobs({ folder, minFreeBytes: 0 })
    const digest = await blobs.put(new Uint8Array(100))
    const file = join(folder, 'blobs', digest.slice(0, 2), digest)
    const bytes = readFileSync(file)
    bytes[50] = 1
    writeFileSync(file, bytes)
    await expect(readBlob(blobs, digest)).rejects.toMatchObject({ code: 'store_corrupt' })
    await expect(blobs.verify(digest)).rejects.toMatchObject({ code: 'store_corrupt' })
    truncateSync(file, 10)
    await expect(blobs.verify(digest)).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  test('takes no new work when too little room would be left, and takes it again when there is room', async () => {
    let free = 1000
    const blobs = await openFileBlobs({ folder: newFolder(), minFreeBytes: 500, freeBytes: async () => free })
    await expect(blobs.put(new Uint8Array(501))).rejects.toMatchObject({ code: 'disk_full' })
    await expect(blobs.openPartial('upload', 501)).rejects.toMatchObject({ code: 'disk_full' })
    expect(await blobs.list()).toEqual([])
    free = 2000
    await blobs.put(new Uint8Array(501))
    const partial = await blobs.openPartial('upload', 501)
    await partial.write(new Uint8Array(501))
    await partial.finish(sha256(new Uint8Array(501)), 501)
  })

  test.each(['', '..', 'a/b', 'a\\b', 'a\0b', 'x'.repeat(129)])('takes no upload under the key %j', async (key) => {
    const blobs = await openFileBlobs({ folder: newFolder(), minFreeBytes: 0 })
    await expect(blobs.openPartial(key, 1)).rejects.toMatchObject({ code: 'message_malformed' })
  })
})

describe('a disk that cannot keep what was written', () => {
  const failure = (code: string): Error => Object.assign(new Error(`${code}: fsync`), { code, syscall: 'fsync' })
  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)

  /** A store whose disk fails with `code` on the files or folders for which `fails` says so. */
  async function openFailing(code: string, fails: (how: string, isFolder: boolean) => boolean) {
    const failed: FileHandle[] = []
    const fatal: unknown[] = []
    let broken = true
    const folder = newFolder()
    const partials = () => readdirSync(join(folder, 'partial'))
    const blobs = await openFileBlobs({
      ...{ folder, minFreeBytes: 0 },
      onFatal: (error) => fatal.push({ error, partials: partials() }),
      sync: async (handle, how) => {
        if (!broken || !fails(how, (await handle.stat()).isDirectory())) return handle[how]()
        failed.push(handle)
        throw failure(code)
      },
    })
    const mend = (): void => {
      broken = false
    }
    return { blobs, fatal, failed, partials, mend }
  }

  const isFile = (_how: string, isFolder: boolean): boolean => !isFolder

  test('at the end of an upload ends the process, and what was sent is not there for another try', async () => {
    const { blobs, fatal, failed, partials } = await openFailing('EIO', isFile)
    const partial = await blobs.openPartial('upload', 100)
    await partial.write(bytes(100))
    const error = expect.objectContaining({ code: 'EIO' })
    await expect(partial.finish(sha256(bytes(100)), 100)).rejects.toEqual(error)
    expect(fatal).toEqual([{ error, partials: [] }])
    expect(failed.map(({ fd }) => fd)).toEqual([-1])
    expect(partials()).toEqual([])
    expect(await blobs.has(sha256(bytes(100)))).toBe(false)
  })

  test('in the middle of an upload ends the process, and the file is closed whatever follows', async () => {
    const { blobs, fatal, failed } = await openFailing('EIO', (how) => how === 'datasync')
    const half = 16 * 1024 * 1024
    const content = bytes(2 * half)
    const digest = sha256(content)
    const partial = await blobs.openPartial('upload', 2 * half)
    await partial.write(content.slice(0, half))
    await partial.write(content.slice(half))
    const error = expect.objectContaining({ code: 'EIO' })
    await expect(partial.finish(digest, 2 * half)).rejects.toEqual(error)
    expect(fatal).toEqual([{ error, partials: [] }])
    expect(failed.map(({ fd }) => fd)).toEqual([-1])
    expect(await blobs.has(digest)).toBe(false)
    await (await blobs.openPartial('upload', 10)).close()
  })

  test('for want of room refuses the upload, which begins anew when there is room', async () => {
    const { blobs, fatal, mend } = await openFailing('ENOSPC', isFile)
    const deliver = async (): Promise<void> => {
      const partial = await blobs.openPartial('upload', 100)
      await partial.write(bytes(100))
      await partial.finish(sha256(bytes(100)), 100)
    }
    await expect(deliver()).rejects.toMatchObject({ code: 'disk_full' })
    expect(await blobs.partialOffset('upload')).toBe(0)
    mend()
    await deliver()
    await blobs.verify(sha256(bytes(100)))
    expect(fatal).toEqual([])
  })

  test.each(['EIO', 'ENOSPC'])('as the name of a blob ends the process, with %s too', async (code) => {
    const { blobs, fatal } = await openFailing(code, (_how, isFolder) => isFolder)
    await expect(blobs.put(bytes(100))).rejects.toMatchObject({ code: code === 'EIO' ? 'EIO' : 'disk_full' })
    expect(fatal).toHaveLength(1)
  })

  test('while weights are stored ends the process, and there are none', async () => {
    const { blobs, fatal } = await openFailing('EIO', isFile)
    await expect(blobs.put(bytes(100))).rejects.toMatchObject({ code: 'EIO' })
    expect(fatal).toHaveLength(1)
    expect(await blobs.list()).toEqual([])
  })
})
