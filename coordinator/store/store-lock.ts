// One process to a store. The lock is a transaction held open in a small database of its own: the operating system lets
// go of it when the process ends in whatever way, so there is no stale lock to judge and no race between two that judge.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { isDatabaseBusy } from '../../shared/system-code.ts'

export interface StoreLock {
  release(): void
}

/** Takes the lock of a folder. @throws SequelaError `store_locked` naming the process that has it. */
export function lockStore(folder: string): StoreLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(join(folder, 'lock.db'), { timeout: 0 })
  try {
    database.exec('CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY, pid INTEGER) STRICT')
    database.prepare('INSERT OR REPLACE INTO holder (id, pid) VALUES (1, ?)').run(process.pid)
    database.exec('PRAGMA locking_mode = NORMAL; BEGIN IMMEDIATE')
  } catch (error) {
    const holder = isDatabaseBusy(error) ? holderOf(database) : undefined
    database.close()
    if (holder === undefined) {
      const message = `${folder} cannot be locked; it must be writable for the user that the coordinator runs as`
      throw new SequelaError('file_unreadable', message, { cause: error })
    }
    throw new SequelaError('store_locked', `${folder} is in use by process ${holder}; end it first`, { cause: error })
  }
  return {
    release: () => {
      database.exec('ROLLBACK')
      database.close()
    },
  }
}

/** Waits for a moment, as the holder may be writing its number just now. */
function holderOf(database: DatabaseSync): string {
  try {
    database.exec('PRAGMA busy_timeout = 1000')
    const pid = database.prepare('SELECT pid FROM holder WHERE id = 1').get()?.pid
    return typeof pid === 'number' ? String(pid) : 'unknown'
  } catch {
    return 'unknown'
  }
}
