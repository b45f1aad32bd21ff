// Records of the site that only grow, one line of JSON an entry (durable-file.ts appends), read back whole.

import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { SequelaError } from '../shared/protocol/errors.ts'
import { systemCode } from '../shared/system-code.ts'

/**
 * All entries, oldest first; none where there is no file. A last line cut off by a power loss is left out.
 * @param whatToDo about a damaged line, after its place
 * @throws SequelaError `file_unreadable`, also when an earlier line is damaged.
 */
export async function readRecordLines<Entry>(
  file: string,
  schema: z.ZodType<Entry>,
  whatToDo?: string,
): Promise<readonly Entry[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const code = systemCode(cause)
    if (code === 'ENOENT') return ''
    throw new SequelaError('file_unreadable', `${file} cannot be read (${code})`, { cause })
  })
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line, index) => {
    const entry = schema.safeParse(jsonOf(line))
    if (entry.success) return entry.data
    const damaged = `line ${index + 1} of ${file} is damaged`
    throw new SequelaError('file_unreadable', whatToDo === undefined ? damaged : `${damaged}; ${whatToDo}`)
  })
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
