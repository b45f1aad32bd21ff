// Who looked at which child, and when: one line a view in the site's own log. It names a child by its key, so the log can be
// shown to an auditor without showing a patient's id, and it never leaves the site.

import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { appendLineDurably } from '../durable-file.ts'
import { readRecordLines } from '../record-lines.ts'

const recordSchema = z.object({
  /** ISO 8601 in UTC. */
  at: z.string(),
  /** Name of the operating system's user under whom the program ran. */
  user: z.string(),
  what: z.enum(['server-started', 'link-used', 'list', 'child', 'prediction', 'server-ended']),
  /** Key of the child that was shown. */
  child: z.string().optional(),
  /** Digest of the weights that were asked. */
  weights: z.string().optional(),
})

export type ViewRecord = z.infer<typeof recordSchema>

export interface ViewLog {
  /** Written down before it is shown. @throws SequelaError `disk_full`, `file_unreadable`: then nothing is shown. */
  record(view: Omit<ViewRecord, 'at' | 'user'>): Promise<void>
}

export function createViewLog(deps: { readonly file: string; readonly user: string; readonly clock: Clock }): ViewLog {
  return {
    record: async (view) => {
      const line: ViewRecord = { at: new Date(deps.clock.now()).toISOString(), user: deps.user, ...view }
      await appendLineDurably(deps.file, JSON.stringify(line)).catch((cause: unknown) => {
        const { code, message } = SequelaError.from(cause)
        throw new SequelaError(code, `${message}; nothing is shown that is not written down`, { cause })
      })
    },
  }
}

/** All views, oldest first. A last line cut off by a power loss is left out. @throws SequelaError `file_unreadable`. */
export function readViews(file: string): Promise<readonly ViewRecord[]> {
  return readRecordLines(file, recordSchema)
}

/** One line a view. */
export function viewsText(records: readonly ViewRecord[]): string {
  if (records.length === 0) return 'Nobody has looked at a child here.'
  return records
    .map(({ at, user, what, child, weights }) =>
      [at, user, what, ...(child === undefined ? [] : [`child ${child}`]), weights && `weights ${weights.slice(0, 12)}`]
        .filter((part) => part !== undefined)
        .join('  '),
    )
    .join('\n')
}
