// One agent to a home folder, and one import.

import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SequelaError } from '../shared/protocol/errors.ts'
import { isDiskFull, systemCode } from '../shared/system-code.ts'
import { orDiskFull } from './disk-full.ts'
import { lockFile } from './file-lock.ts'
import type { SiteHome } from './home.ts'

/** Takes the agent's lock and returns how to release it. @throws SequelaError `store_locked`, `file_unreadable`, `disk_full`. */
export function lockHome(home: SiteHome): () => void {
  return lock(home, home.lockFile, `an agent already runs in ${home.folder}; stop it first`)
}

/** Takes the lock of the import, which may run beside the agent. @throws SequelaError `store_locked`, `file_unreadable`, `disk_full`. */
export function lockImport(home: SiteHome): () => void {
  return lock(home, join(home.importFolder, 'lock'), `another import already runs in ${home.folder}; wait for it`)
}

function lock({ folder }: SiteHome, file: string, taken: string): () => void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return lockFile(file, { taken, patienceMs: 0 })
  } catch (cause) {
    if (cause instanceof SequelaError) throw cause
    if (isDiskFull(cause)) throw orDiskFull(cause, file)
    const message = `${folder} cannot be written (${systemCode(cause)}); it must belong to the user that the site agent runs as`
    throw new SequelaError('file_unreadable', message, { cause })
  }
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
