import { describe, expect, test } from 'vitest'
import { createBatchWriter } from './batch-writer.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** A disk that finishes a write when told to. */
function slowDisk() {
  const batches: number[][] = []
  const finish: (() => void)[] = []
  const write = (chunks: readonly Uint8Array[]): Promise<void> => {
    batches.push(chunks.flatMap((chunk) => [...chunk]))
    return new Promise((resolve) => finish.push(resolve))
  }
  return { batches, write, finishOne: () => finish.shift()?.() }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('a batch writer', () => {
  test('writes in order, and together what came during a write', async () => {
    const disk = slowDisk()
    const writer = createBatchWriter(disk.write)
    await writer.add(bytes(1))
    await writer.add(bytes(2, 3))
    await writer.add(bytes(4))
    const flushed = writer.flush()
    disk.finishOne()
    await settle()
    disk.finishOne()
    await flushed
    expect(disk.batches).toEqual([[1], [2, 3, 4]])
    await writer.add(bytes(5))
    disk.finishOne()
    await writer.flush()
    expect(disk.batches).toEqual([[1], [2, 3, 4], [5]])
  })

  test('makes the giver wait while much lies unwritten', async () => {
    const disk = slowDisk()
    const writer = createBatchWriter(disk.write)
    await writer.add(bytes(1))
    let taken = false
    const adding = writer.add(new Uint8Array(4 * 1024 * 1024)).then(() => {
      taken = true
    })
    await settle()
    expect(taken).toBe(false)
    disk.finishOne()
    await adding
  })

  test('tells of a write that failed, once something is asked of it', async () => {
    const writer = createBatchWriter(() => Promise.reject(new Error('no room')))
    await writer.add(bytes(1))
    await settle()
    await expect(writer.flush()).rejects.toThrow('no room')
    await expect(writer.flush()).rejects.toThrow('no room')
  })

  test('has nothing to flush when nothing was added', async () => {
    await createBatchWriter(() => Promise.reject(new Error('never'))).flush()
  })
})
