// Files of the cache of prepared scans: written aside and renamed, so that nobody reads half of one. A torn file after a power
// cut fails its digest and is made anew, so nothing is flushed.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SequelaError } from '../shared/protocol/errors.ts'
import { isDiskFull, systemCode } from '../shared/system-code.ts'

/** Numbers the files written aside, over all caches of this process. */
let written = 0

/** @throws SequelaError `disk_full` or `file_unreadable` when it cannot be written. */
export async function writeCacheFile(file: string, content: string | Uint8Array): Promise<void> {
  const aside = `${file}.${process.pid}.${written++}.tmp`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(aside, content, { mode: 0o600 })
    await rename(aside, file)
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined)
    throw cacheError(cause)
  }
}

function cacheError(cause: unknown): SequelaError {
  if (isDiskFull(cause)) {
    return new SequelaError(
      'disk_full',
      'There is no room for prepared scans; free space on the disk of the site folder.',
    )
  }
  return new SequelaError('file_unreadable', `The folder of prepared scans cannot be written (${systemCode(cause)}).`, {
    cause,
  })
}
