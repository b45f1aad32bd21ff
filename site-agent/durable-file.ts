// Files that are there after a power cut: written aside, flushed, renamed, and the folder flushed.

import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SequelaError } from '../shared/protocol/errors.ts'
import { systemCode } from '../shared/system-code.ts'
import { orDiskFull } from './disk-full.ts'
import { lockFile } from './file-lock.ts'

/**
 * Replaces `file` with `content` in one step; on return it survives a power cut.
 * @throws SequelaError `disk_full` or `file_unreadable`, and then the file is as it was.
 */
export async function writeFileDurably(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const aside = `${file}.${process.pid}.tmp`
  try {
    const handle = await open(aside, 'w', mode)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(aside, file)
    await syncFolder(dirname(file))
  } catch (error) {
    // Half a file is of no use, and takes room where there is none.
    await rm(aside, { force: true }).catch(() => {})
    throw notWritten(error, file)
  }
}

/**
 * Adds `line` to the end of `file`, a record of whole lines; on return it survives a power cut. What an earlier append left
 * half written is cut off first, and what this one leaves when it fails: a fragment in front of the next line would
 * make both unreadable. Two programs that append wait for one another, as one could take for a fragment what the other
 * is writing just now. Nothing is awaited meanwhile, so that no two appends of one process do.
 * @throws SequelaError `disk_full`, `file_unreadable`; `store_locked` when another program keeps on writing for longer than
 *   `patienceMs`.
 */
export async function appendLineDurably(
  file: string,
  line: string,
  { patienceMs = 10_000 }: { readonly patienceMs?: number } = {},
): Promise<void> {
  const taken = `another program has been writing in ${dirname(file)} for a while; try again`
  try {
    const unlock = lockFile(join(dirname(file), 'records.lock'), { taken, patienceMs })
    try {
      appendWholeLine(file, `${line}\n`)
    } finally {
      unlock()
    }
  } catch (error) {
    throw notWritten(error, file)
  }
}

function appendWholeLine(file: string, line: string): void {
  const record = openSync(file, 'a+', 0o600)
  try {
    const end = endOfLines(record)
    if (fstatSync(record).size > end) ftruncateSync(record, end)
    try {
      writeFileSync(record, line)
      fsyncSync(record)
    } catch (error) {
      cutOff(record, end)
      throw error
    }
  } finally {
    closeSync(record)
  }
}

/** Where the last whole line ends. */
function endOfLines(record: number): number {
  const block = Buffer.alloc(4096)
  for (let end = fstatSync(record).size; end > 0; ) {
    const start = Math.max(0, end - block.byteLength)
    const read = readSync(record, block, 0, end - start, start)
    const newline = block.subarray(0, read).lastIndexOf('\n')
    if (newline >= 0) return start + newline + 1
    end = start
  }
  return 0
}

function cutOff(record: number, end: number): void {
  try {
    ftruncateSync(record, end)
  } catch {
    // The next append looks at the end of the file in any case.
  }
}

function notWritten(error: unknown, file: string): unknown {
  const cause = orDiskFull(error, file)
  const code = systemCode(cause, '')
  if (cause instanceof SequelaError || code === '') return cause
  const message = `${file} cannot be written (${code}); its folder must be writable for the user who runs this program`
  return new SequelaError('file_unreadable', message, { cause })
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
