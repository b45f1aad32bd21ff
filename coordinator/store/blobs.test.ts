import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
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
