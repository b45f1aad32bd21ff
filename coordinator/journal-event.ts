// A recorded event's body read back: canonical JSON, checked field by field, because a journal is a file on a disk and
// outlives the program that wrote it.

import type { z } from 'zod'
import { SequelaError } from '../shared/protocol/errors.ts'

/**
 * The event of that type and body.
 * @throws SequelaError `store_corrupt` when the type is unknown or the body is not what such an event holds.
 */
export function decodeJournalEvent<Event>(schema: z.ZodType<Event>, type: string, body: string): Event {
  const parsed = schema.safeParse({ ...objectOf(type, body), type })
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'event'}: ${issue.message}`)
  throw new SequelaError('store_corrupt', `the journal holds a ${type} that cannot be read (${problems.join('; ')})`)
}

function objectOf(type: string, body: string): object {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    throw new SequelaError('store_corrupt', `the journal holds a ${type} that is not JSON`, { cause: error })
  }
  throw new SequelaError('store_corrupt', `the journal holds a ${type} whose body is not an object`)
}
