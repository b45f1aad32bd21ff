// What every blob store must do. Each implementation runs this suite in its own test file.

import { describe, expect, test } from 'vitest'
import { type Digest, sha256 } from '../../shared/digest.ts'
import type { Blobs } from './blobs.ts'

const content = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31) % 256)

async function readWhole(blobs: Blobs, digest: Digest): Promise<Uint8Array> {
  const reader = await blobs.open(digest)
  const bytes = new Uint8Array(reader.byteLength)
  await reader.read(0, bytes)
  await reader.close()
  return bytes
}

export function describeBlobs(name: string, open: () => Promise<Blobs>): void {
  describe(`the ${name}`, () => {
    test('gives back by its hash what was put, whole or from any byte', async () => {
      const blobs = await open()
      const digest = await blobs.put(content(1000))
      expect(digest).toBe(sha256(content(1000)))
      expect(await readWhole(blobs, digest)).toEqual(content(1000))
      const reader = await blobs.open(digest)
      const part = new Uint8Array(10)
      await reader.read(500, part)
      expect(part).toEqual(content(1000).subarray(500, 510))
      await expect(reader.read(995, part)).rejects.toMatchObject({ code: 'store_corrupt' })
      await reader.close()
      await blobs.verify(digest)
    })

    test('takes content piece by piece too, and the same content twice', async () => {
      const blobs = await open()
      const pieces = async function* (): AsyncIterable<Uint8Array> {
        yield content(700).subarray(0, 300)
        yield content(700).subarray(300)
      }
      const digest = await blobs.put(pieces())
      expect(await blobs.put(content(700))).toBe(digest)
      expect(await blobs.list()).toEqual([digest])
    })

    test('lets an upload go on where it stopped', async () => {
      const blobs = await open()
      const bytes = content(5000)
      const first = await blobs.openPartial('upload-1', 5000)
      await first.write(bytes.subarray(0, 2000))
      await first.close()
      expect(await blobs.partialOffset('upload-1')).toBe(2000)
      const second = await blobs.openPartial('upload-1', 5000)
      expect(second.offset).toBe(2000)
      await second.write(bytes.subarray(2000))
      await second.finish(sha256(bytes), 5000)
      expect(await readWhole(blobs, sha256(bytes))).toEqual(bytes)
      expect(await blobs.partialOffset('upload-1')).toBe(0)
    })

    test('refuses an upload whose bytes are not those that were announced, and forgets it', async () => {
      const blobs = await open()
      for (const [key, byteLength, digest] of [
        ['wrong-hash', 100, sha256('other')],
        ['wrong-length', 101, sha256(content(100))],
      ] as const) {
        const partial = await blobs.openPartial(key, byteLength)
        await partial.write(content(100))
        await expect(partial.finish(digest, byteLength)).rejects.toMatchObject({ code: 'digest_mismatch' })
        expect(await blobs.partialOffset(key)).toBe(0)
        expect(await blobs.has(digest)).toBe(false)
      }
    })

    test('has one writer to an upload at a time', async () => {
      const blobs = await open()
      const first = await blobs.openPartial('shared', 10)
      await expect(blobs.openPartial('shared', 10)).rejects.toMatchObject({ code: 'too_busy' })
      await first.close()
      await (await blobs.openPartial('shared', 10)).close()
    })

    test('says that a blob it does not have is not there', async () => {
      const blobs = await open()
      const digest = sha256('nothing')
      expect(await blobs.has(digest)).toBe(false)
      await expect(blobs.open(digest)).rejects.toMatchObject({ code: 'file_unreadable' })
      await expect(blobs.verify(digest)).rejects.toMatchObject({ code: 'file_unreadable' })
    })

    test('forgets what is deleted or discarded', async () => {
      const blobs = await open()
      const digest = await blobs.put(content(10))
      await blobs.delete(digest)
      expect(await blobs.has(digest)).toBe(false)
      const partial = await blobs.openPartial('gone', 10)
      await partial.write(content(5))
      await partial.close()
      await blobs.discardPartial('gone')
      expect(await blobs.partialOffset('gone')).toBe(0)
    })
  })
}
