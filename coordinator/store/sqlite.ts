// The journal on disk: one append-only table in SQLite with a write-ahead log and a sync for every commit, so that what
// was acknowledged survives a power cut. The settings that promise this are read back at every start.

import { DatabaseSync } from 'node:sqlite'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { headOf, type Journal, type JournalEntry, leafText } from './journal.ts'
import { emptyEdge, leafHash, type MerkleEdge, rootOf, withLeaf } from './merkle.ts'

const schemaVersion = 1

/** SQLite's codes for a disk without room: SQLITE_FULL, and SQLITE_IOERR_SHMSIZE where its shared index cannot grow. */
const sqliteFull = 13
const sqliteIndexFull = 4874

/** How long to wait for another connection of this process's own tools, for example a backup that reads. */
const busyTimeoutMs = 5_000

/**
 * Opens or makes the journal in `file`; `maxPages` bounds its size in database pages.
 * @throws SequelaError `store_corrupt` when it is not a journal of this version or its head does not fit its last entries.
 */
export function openSqliteJournal(file: string, limits: { readonly maxPages?: number } = {}): Journal {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  try {
    if (limits.maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${Math.trunc(limits.maxPages)}`)
    return journalOn(database, file)
  } catch (error) {
    database.close()
    if (isDiskFull(error)) {
      const message = `the disk of ${file} is full, even for opening the journal; make some room and start again`
      throw new SequelaError('disk_full', message, { cause: error })
    }
    throw error
  }
}

function journalOn(database: DatabaseSync, file: string): Journal {
  makeDurable(database)
  createSchema(database, file)
  const insert = database.prepare('INSERT INTO entries (id, at_ms, type, body) VALUES (?, ?, ?, ?)')
  const setHead = database.prepare('UPDATE head SET size = ?, root = ?, peaks = ? WHERE id = 1')
  const select = database.prepare('SELECT id, at_ms, type, body FROM entries WHERE id >= ? ORDER BY id')
  let edge = storedEdge(database, file)
  checkHead(database, edge, file)

  return {
    append: (records) => {
      let next = edge
      const entries = records.map((record, i) => ({ ...record, index: edge.size + i }))
      inTransaction(database, () => {
        for (const entry of entries) {
          insert.run(entry.index, entry.atMs, entry.type, entry.body)
          next = withLeaf(next, leafHash(leafText(entry)))
        }
        setHead.run(next.size, rootOf(next), Buffer.concat(next.peaks))
      })
      edge = next
      return entries
    },
    read: function* (fromIndex = 0) {
      for (const row of select.iterate(fromIndex)) yield entryOf(row, file)
    },
    head: () => headOf(edge),
    verify: () => {
      let recomputed = emptyEdge
      for (const row of select.iterate(0)) {
        const entry = entryOf(row, file)
        if (entry.index !== recomputed.size) throw corrupt(file, `entry ${recomputed.size} is missing`)
        recomputed = withLeaf(recomputed, leafHash(leafText(entry)))
      }
      if (headOf(recomputed).rootHash !== headOf(edge).rootHash || recomputed.size !== edge.size) {
        throw corrupt(file, `its ${recomputed.size} entries do not have the hash that was stored with them`)
      }
    },
    close: () => database.close(),
  }
}

/** Asks for write-ahead logging and full syncs, and believes only what SQLite says it does. */
function makeDurable(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
  const mode = database.prepare('PRAGMA journal_mode').get()?.journal_mode
  const synchronous = database.prepare('PRAGMA synchronous').get()?.synchronous
  if (mode !== 'wal' || synchronous !== 2) {
    throw new SequelaError(
      'file_unreadable',
      `the disk of the store does not take durable writes (${mode}, ${synchronous})`,
    )
  }
}

function createSchema(database: DatabaseSync, file: string): void {
  const version = database.prepare('PRAGMA user_version').get()?.user_version
  if (version === schemaVersion) return
  if (version !== 0) throw corrupt(file, `it has schema version ${version}; this program knows ${schemaVersion}`)
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE entries (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL) STRICT;
    CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL, peaks BLOB NOT NULL) STRICT;
    CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are not changed'); END;
    CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are not deleted'); END;
    PRAGMA user_version = ${schemaVersion};
  `)
  database
    .prepare('INSERT INTO head (id, size, root, peaks) VALUES (1, 0, ?, ?)')
    .run(rootOf(emptyEdge), Buffer.alloc(0))
  database.exec('COMMIT')
}

function storedEdge(database: DatabaseSync, file: string): MerkleEdge {
  const row = database.prepare('SELECT size, root, peaks FROM head WHERE id = 1').get()
  if (row === undefined || typeof row.size !== 'number' || !(row.peaks instanceof Uint8Array)) {
    throw corrupt(file, 'it has no head')
  }
  const bytes = Buffer.from(row.peaks)
  const peaks = Array.from({ length: bytes.byteLength / 32 }, (_, i) => bytes.subarray(i * 32, (i + 1) * 32))
  const edge = { size: row.size, peaks }
  if (!(row.root instanceof Uint8Array) || !rootOf(edge).equals(row.root))
    throw corrupt(file, 'its head does not fit itself')
  return edge
}

/** A cheap check at every start; `verify` is the thorough one. */
function checkHead(database: DatabaseSync, edge: MerkleEdge, file: string): void {
  const row = database.prepare('SELECT count(*) AS size, max(id) AS last FROM entries').get()
  if (row?.size !== edge.size || (edge.size > 0 && row.last !== edge.size - 1)) {
    throw corrupt(file, `its head speaks of ${edge.size} entries and there are ${row?.size}`)
  }
}

function entryOf(row: Record<string, unknown>, file: string): JournalEntry {
  const { id, at_ms: atMs, type, body } = row
  if (typeof id !== 'number' || typeof atMs !== 'number' || typeof type !== 'string' || typeof body !== 'string') {
    throw corrupt(file, 'a row has the wrong types')
  }
  return { index: id, atMs, type, body }
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    if (isDiskFull(error)) {
      throw new SequelaError('disk_full', 'the disk of the store is full; nothing was recorded, try again', {
        cause: error,
      })
    }
    throw error
  }
}

function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    ((error.errcode & 0xff) === sqliteFull || error.errcode === sqliteIndexFull)
  )
}

function corrupt(file: string, why: string): SequelaError {
  return new SequelaError('store_corrupt', `the journal ${file} is damaged: ${why}; restore the last backup`)
}
