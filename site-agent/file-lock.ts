// A lock that is a file: a transaction held open in it, which the operating system lets go of when the process ends in
// whatever way. So there is no stale lock to judge.

import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { SequelaError } from '../shared/protocol/errors.ts'
import { isDatabaseBusy } from '../shared/system-code.ts'

export interface LockOptions {
  /** What to say when another has it. */
  readonly taken: string
  /** How long to wait for it; the whole process waits. */
  readonly patienceMs: number
}

/** Takes the lock and returns how to release it. @throws SequelaError `store_locked`, `file_unreadable`; the system's errors. */
export function lockFile(file: string, { taken, patienceMs }: LockOptions): () => void {
  // Made here, because the database does not say why a file could not be made.
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: patienceMs })
  try {
    // Nothing is ever written, so no journal is needed, which on a full disk could not be made.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (isDatabaseBusy(error)) throw new SequelaError('store_locked', taken, { cause: error })
    throw new SequelaError('file_unreadable', `${file} cannot be locked`, { cause: error })
  }
  return () => database.close()
}
