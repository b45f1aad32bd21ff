// In which way this site divided its children in the evaluations that it has answered. An agent that was updated in between may
// divide them otherwise, and both ways together could tell of single children; so it does not go on with what another version
// began. The record stays in the site's home.

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { writeFileDurably } from '../durable-file.ts'

/** Versions of the way of cutting, by evaluation, the latest last. */
const recordSchema = z.array(z.tuple([z.string(), z.int()]))

/** Passes of an evaluation follow upon one another, so that an old one is not asked for again. */
const mostKept = 200

/**
 * Notes that an evaluation is about to be answered with landmarks cut in that way.
 * @param evaluation its name; the same in all of its passes
 * @param isBegun whether this site has answered it before; if so and nothing was noted, that was in the first version
 * @throws SequelaError `cuts_changed` when it was answered in another way before; `file_unreadable` when the record is damaged.
 */
export async function noteCuts(
  file: string,
  {
    evaluation,
    isBegun,
    version,
  }: { readonly evaluation: string; readonly isBegun: boolean; readonly version: number },
): Promise<void> {
  const before = await read(file)
  const noted = before.find(([name]) => name === evaluation)?.[1] ?? (isBegun ? 1 : undefined)
  if (noted === version) return
  if (noted !== undefined) {
    const message =
      'this evaluation was begun with another version of this program, which divides the children otherwise'
    const todo =
      'answers of both could tell of single children together; run the version that began it until it is over'
    throw new SequelaError('cuts_changed', `${message}; ${todo}`)
  }
  await writeFileDurably(file, JSON.stringify([...before, [evaluation, version]].slice(-mostKept)))
}

async function read(file: string): Promise<z.infer<typeof recordSchema>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return '[]'
    throw new SequelaError('file_unreadable', `${file} cannot be read (${systemCode(cause)})`, { cause })
  })
  try {
    return recordSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new SequelaError('file_unreadable', `${file} is damaged; delete it when no evaluation is under way`, {
      cause,
    })
  }
}
