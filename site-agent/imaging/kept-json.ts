// Notes of the cache: small JSON files that may be torn or gone, in which case what they say is found out anew.

import { readFile } from 'node:fs/promises'
import type { z } from 'zod'

/** The file's value, or undefined when it is missing or not what was written. */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}
