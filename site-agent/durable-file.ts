// Files that are there after a power cut: written aside, flushed, renamed, and the folder flushed.

import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Replaces `file` with `content` in one step; on return it survives a power cut. */
export async function writeFileDurably(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const aside = `${file}.${process.pid}.tmp`
  const handle = await open(aside, 'w', mode)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, file)
  await syncFolder(dirname(file))
}

/** Adds `line` to the end of `file`, flushed before it returns. */
export async function appendLineDurably(file: string, line: string): Promise<void> {
  const handle = await open(file, 'a', 0o600)
  try {
    await handle.writeFile(`${line}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Flushes a folder, so that names made or renamed in it are there after a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
