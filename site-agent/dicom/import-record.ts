// What was imported before: a line a series, so that a second run, or one after an interruption, converts only what is new
// or changed. Holds digests instead of UIDs and lies in the agent's home.

import { mkdir } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import { z } from 'zod'
import { sha256 } from '../../shared/digest.ts'
import { appendLineDurably } from '../durable-file.ts'
import { readRecordLines } from '../record-lines.ts'
import type { Grid } from './geometry.ts'

const lineSchema = z.object({
  /** Where the image lies: one home may import into several folders. */
  path: z.string(),
  /** Digest of everything that decides the image. */
  content: z.string(),
})

export interface ImportRecord {
  /** The content an image was made from; undefined when it was not made by the import. */
  contentOf(path: string): string | undefined
  /** Whether an image below this folder was ever begun, there or not. */
  knowsBelow(folder: string): boolean
  add(path: string, content: string): Promise<void>
}

/** Raise when the same slices would give another file. */
const recipe = 1

/** The content of an image that was begun; no digest is like it. */
export const unfinished = 'unfinished'

/** A digest of the slices that an image is made of. */
export function contentOf(grid: Grid): string {
  const slices = grid.slices.map(({ source, frame }) => `${source.instance.identifiers.sopUid} ${frame.index}`)
  return sha256([String(recipe), ...slices].join('\n'))
}

/**
 * Reads the record, which need not be there yet. A last line that a power loss cut is left out; its series is converted again.
 * @throws SequelaError `file_unreadable` when it cannot be read or another line is damaged: without it, an image would be
 *   taken for somebody else's, and a child that was withdrawn for one that is new.
 */
export async function openRecord(file: string): Promise<ImportRecord> {
  const lines = await readRecordLines(file, lineSchema, 'restore it from a backup')
  const contents = new Map(lines.map(({ path, content }) => [path, content]))
  return {
    contentOf: (path) => contents.get(path),
    knowsBelow: (folder) => [...contents.keys()].some((path) => path.startsWith(`${folder}${sep}`)),
    add: async (path, content) => {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await appendLineDurably(file, JSON.stringify({ path, content }))
      contents.set(path, content)
    },
  }
}
