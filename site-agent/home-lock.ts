// One agent to a home folder. As at the coordinator, the lock is a transaction held open, which the operating system lets
// go of when the process ends in whatever way.

import { mkdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { SequelaError } from '../shared/protocol/errors.ts'
import type { SiteHome } from './home.ts'

/** Takes the lock and returns how to release it. @throws SequelaError `store_locked`. */
export function lockHome(home: SiteHome): () => void {
  mkdirSync(home.folder, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(home.lockFile, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new SequelaError('store_locked', `an agent already runs in ${home.folder}; stop it first`, { cause: error })
  }
  return () => database.close()
}

/** Whether an agent runs in this home folder. */
export function isLocked(home: SiteHome): boolean {
  try {
    lockHome(home)()
    return false
  } catch (error) {
    if (error instanceof SequelaError && error.code === 'store_locked') return true
    throw error
  }
}
