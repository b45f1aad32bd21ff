// One agent to a home folder. As at the coordinator, the lock is a transaction held open, which the operating system lets
// go of when the process ends in whatever way.

import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SequelaError } from '../shared/protocol/errors.ts'
import type { SiteHome } from './home.ts'

/** Takes the agent's lock and returns how to release it. @throws SequelaError `store_locked`. */
export function lockHome(home: SiteHome): () => void {
  return lock(home.lockFile, `an agent already runs in ${home.folder}; stop it first`)
}

/** Takes the lock of the import, which may run beside the agent. @throws SequelaError `store_locked`. */
export function lockImport(home: SiteHome): () => void {
  return lock(join(home.importFolder, 'lock'), `another import already runs in ${home.folder}; wait for it`)
}

function lock(file: string, taken: string): () => void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new SequelaError('store_locked', taken, { cause: error })
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
