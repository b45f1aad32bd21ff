import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { markJournal, requireMarkReached } from './journal-mark.ts'
import { createMemoryJournal } from './memory-journal.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sequela-journal-mark-'))
  mkdirSync(join(folder, 'blobs'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function journalOf(...types: readonly string[]) {
  const journal = createMemoryJournal()
  for (const type of types) journal.append([{ atMs: 1, type, body: '{}' }])
  return journal
}

const corrupt = (words: string) =>
  expect.objectContaining({ code: 'store_corrupt', message: expect.stringContaining(words) })

describe('the mark of the journal among the weights', () => {
  test('is not asked for where weights were never marked', () => {
    expect(() => requireMarkReached(folder, journalOf('a'))).not.toThrow()
  })

  test('is reached by the journal that was marked, and by what it has become since', () => {
    markJournal(folder, journalOf('a', 'b', 'c').head())
    for (const since of [[], ['d'], ['d', 'e', 'f']]) {
      expect(() => requireMarkReached(folder, journalOf('a', 'b', 'c', ...since))).not.toThrow()
    }
    markJournal(folder, journalOf('a', 'b', 'c', 'd').head())
    expect(() => requireMarkReached(folder, journalOf('a', 'b', 'c', 'd'))).not.toThrow()
  })

  test('is not reached by a journal of before', () => {
    markJournal(folder, journalOf('a', 'b', 'c').head())
    const why = corrupt('the journal has 2 entries and had 3 when they were stored')
    expect(() => requireMarkReached(folder, journalOf('a', 'b'))).toThrow(why)
    expect(() => requireMarkReached(folder, journalOf())).toThrow(corrupt('remove'))
  })

  test('is not reached by a journal that has gone another way', () => {
    markJournal(folder, journalOf('a', 'b', 'c').head())
    const why = corrupt('the first 3 entries of the journal are not those')
    expect(() => requireMarkReached(folder, journalOf('a', 'b', 'd', 'e'))).toThrow(why)
  })

  test.each(['', '{', '{"size":-1,"rootHash":""}', '[]'])('that reads "%s" is refused, as it says nothing', (text) => {
    writeFileSync(join(folder, 'blobs', 'journal-mark.json'), text)
    expect(() => requireMarkReached(folder, journalOf('a'))).toThrow(corrupt('journal-mark.json'))
  })
})
