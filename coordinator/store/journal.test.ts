import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { describeJournal } from './journal.contract.ts'
import { createMemoryJournal } from './memory-journal.ts'
import { openSqliteJournal } from './sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-journal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const newFile = (): string => join(folder, `${count++}.db`)

describeJournal('journal in memory', createMemoryJournal)
describeJournal('journal on disk', () => openSqliteJournal(newFile()))

describe('the journal on disk', () => {
  test('holds the same after it was closed and opened again', () => {
    const file = newFile()
    const first = openSqliteJournal(file)
    first.append([{ atMs: 1, type: 'a', body: '{}' }])
    const head = first.head()
    first.close()
    const second = openSqliteJournal(file)
    expect(second.head()).toEqual(head)
    expect([...second.read()]).toEqual([{ index: 0, atMs: 1, type: 'a', body: '{}' }])
    second.close()
  })

  test('can be appended to and never changed, even with SQL', () => {
    const file = newFile()
    const journal = openSqliteJournal(file)
    journal.append([{ atMs: 1, type: 'a', body: '{}' }])
    journal.close()
    const database = new DatabaseSync(file)
    expect(() => database.exec("UPDATE entries SET body = '{1}'")).toThrow(/not changed/)
    expect(() => database.exec('DELETE FROM entries')).toThrow(/not deleted/)
    database.close()
  })

  test.each([
    ['a changed body', "DROP TRIGGER entries_are_not_changed; UPDATE entries SET body = '[]' WHERE id = 1"],
    ['a changed time', 'DROP TRIGGER entries_are_not_changed; UPDATE entries SET at_ms = at_ms + 1 WHERE id = 1'],
    [
      'two entries exchanged',
      'DROP TRIGGER entries_are_not_changed; UPDATE entries SET id = 9 WHERE id = 0; UPDATE entries SET id = 0 WHERE id = 1; UPDATE entries SET id = 1 WHERE id = 9',
    ],
    ['a deleted last entry', 'DROP TRIGGER entries_are_not_deleted; DELETE FROM entries WHERE id = 2'],
    ['a deleted first entry', 'DROP TRIGGER entries_are_not_deleted; DELETE FROM entries WHERE id = 0'],
    ['an added entry', "INSERT INTO entries VALUES (3, 1, 'x', '{}')"],
    ['a head of another size', 'UPDATE head SET size = 2'],
    ['a forged head', "UPDATE head SET root = x'00'"],
  ])('is found out with %s', (_, sql) => {
    const file = newFile()
    const journal = openSqliteJournal(file)
    for (let n = 0; n < 3; n++) journal.append([{ atMs: n, type: 'a', body: `{"n":${n}}` }])
    journal.close()
    const database = new DatabaseSync(file)
    database.exec(sql)
    database.close()
    const openAndVerify = (): void => {
      const reopened = openSqliteJournal(file)
      try {
        reopened.verify()
      } finally {
        reopened.close()
      }
    }
    expect(openAndVerify).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
  })

  test('refuses with disk_full when there is no room, keeps what it had, and goes on when there is room', () => {
    const file = newFile()
    const journal = openSqliteJournal(file)
    journal.append([{ atMs: 1, type: 'a', body: '{}' }])
    const head = journal.head()
    journal.close()
    const limited = openSqliteJournal(file, { maxPages: 12 })
    const large = { atMs: 2, type: 'a', body: JSON.stringify('x'.repeat(200_000)) }
    expect(() => limited.append([large])).toThrow(expect.objectContaining({ code: 'disk_full' }))
    expect(limited.head()).toEqual(head)
    limited.append([{ atMs: 3, type: 'small', body: '{}' }])
    limited.verify()
    limited.close()
    const unlimited = openSqliteJournal(file)
    unlimited.append([large])
    expect(unlimited.head().size).toBe(3)
    unlimited.verify()
    unlimited.close()
  })

  test('has every entry that was acknowledged before the process was killed', async () => {
    for (let run = 0; run < 10; run++) {
      const file = newFile()
      const child = fork(join(import.meta.dirname, 'testsupport', 'append-forever.ts'), [file], { stdio: 'ignore' })
      let acknowledged = -1
      child.on('message', (index) => {
        acknowledged = Number(index)
        if (acknowledged >= 5 + run * 7) child.kill('SIGKILL')
      })
      await once(child, 'exit')
      const journal = openSqliteJournal(file)
      journal.verify()
      expect(journal.head().size).toBeGreaterThan(acknowledged)
      journal.close()
    }
  })
})
