import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMemoryBlobs } from './memory-blobs.ts'
import { openJournal } from './open-journal.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sequela-open-journal-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function someBlobs() {
  const blobs = createMemoryBlobs()
  await blobs.put(new Uint8Array([1, 2, 3]))
  return blobs
}

const refused = { code: 'store_corrupt', message: expect.stringContaining('no journal') }

describe('the journal of a store', () => {
  test('is made where there is nothing yet, and opened again beside blobs once it has an entry', async () => {
    const made = await openJournal(folder, createMemoryBlobs())
    made.append([{ atMs: 1, type: 'a', body: '{}' }])
    made.close()
    const again = await openJournal(folder, await someBlobs())
    expect(again.head().size).toBe(1)
    again.close()
  })

  test('is not made beside blobs: it was lost, and what is left of it stays as it is', async () => {
    const rest = join(folder, 'journal.db-wal')
    writeFileSync(rest, 'the last entries')
    await expect(openJournal(folder, await someBlobs())).rejects.toMatchObject(refused)
    expect(existsSync(join(folder, 'journal.db'))).toBe(false)
    expect(readFileSync(rest, 'utf8')).toBe('the last entries')
  })

  test('is refused beside blobs when its file is empty, or holds no entry', async () => {
    writeFileSync(join(folder, 'journal.db'), '')
    await expect(openJournal(folder, await someBlobs())).rejects.toMatchObject(refused)
    const empty = await openJournal(folder, createMemoryBlobs())
    empty.close()
    await expect(openJournal(folder, await someBlobs())).rejects.toMatchObject(refused)
  })
})
