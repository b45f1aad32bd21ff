// A lock that is a file: a transaction held open in it, which the operating system lets go of when the process ends in
// whatever way. So there is no stale lock to judge.

import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { SequelaError } from '../shared/protocol/errors.ts'

export interface LockOptions {
  /** What to say when another has it. */
  readonly taken: string
  /** How long to wait for it; the whole process waits. */
  readonly patienceMs: number
}

/** Takes the lock and returns how to release it. @throws SequelaError `store_locked`, and the system's own errors. */
export function lockFile(file: string, { taken, patienceMs }: LockOptions): () => void {
  // Made here, because the database does not say why a file could not be made.
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: patienceMs })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new SequelaError('store_locked', taken, { cause: error })
  }
  return () => database.close()
}
