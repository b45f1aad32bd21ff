// Files that commands write: nobody finds half a file under its name.

import { rename, rm, writeFile } from 'node:fs/promises'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'

/** @param mode who may do what with it, less the umask @throws SequelaError `file_unreadable` when it cannot be written. */
export async function writeWhole(file: string, content: Uint8Array | string, mode = 0o666): Promise<void> {
  const aside = `${file}.part`
  try {
    await writeFile(aside, content, { mode })
    await rename(aside, file)
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => {})
    const reason = systemCode(cause)
    throw new SequelaError('file_unreadable', `${file} cannot be written (${reason})`, { cause })
  }
}
