// What the agent is doing, for `site status`: one small file, replaced whenever something changes.

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Clock } from '../shared/clock.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { writeFileDurably } from './durable-file.ts'

const statusSchema = z.object({
  pid: z.int(),
  updatedAt: z.string(),
  connection: z.discriminatedUnion('state', [
    z.object({ state: z.literal('connecting') }),
    z.object({ state: z.literal('connected'), since: z.string(), clockDifferenceMs: z.number() }),
    z.object({ state: z.literal('waiting'), reason: z.string(), retryAt: z.string() }),
    z.object({ state: z.literal('stopped') }),
  ]),
  /** The assignment being worked on, and how far it is. */
  work: z
    .object({
      study: z.string(),
      stage: z.int(),
      round: z.int(),
      activity: z.string(),
      done: z.number(),
      total: z.number(),
    })
    .nullable(),
  /** The last assignment that ended, and how. */
  last: z.object({ study: z.string(), stage: z.int(), round: z.int(), outcome: z.string() }).nullable(),
  /** Studies that wait for this hospital's approval. */
  offers: z.array(z.object({ digest: z.string(), name: z.string() })),
})

export type AgentStatus = z.infer<typeof statusSchema>

export interface StatusBoard {
  current(): AgentStatus
  /** Replaces what is named; the file follows. */
  update(change: Partial<Omit<AgentStatus, 'pid' | 'updatedAt'>>): void
  /** Resolves when the file shows the last update. */
  settled(): Promise<void>
}

export function createStatusBoard(deps: { readonly file: string; readonly clock: Clock }): StatusBoard {
  let status: AgentStatus = {
    pid: process.pid,
    updatedAt: new Date(deps.clock.now()).toISOString(),
    connection: { state: 'connecting' },
    work: null,
    last: null,
    offers: [],
  }
  let writing: Promise<void> = Promise.resolve()
  let pending = false
  return {
    current: () => status,
    update: (change) => {
      status = { ...status, ...change, updatedAt: new Date(deps.clock.now()).toISOString() }
      if (pending) return
      pending = true
      writing = writing.then(async () => {
        pending = false
        await writeFileDurably(deps.file, JSON.stringify(status)).catch(() => {
          // A full disk must not stop training; the next change tries again.
        })
      })
    },
    settled: () => writing,
  }
}

/**
 * The last status an agent wrote, or undefined where none ever ran.
 * @throws SequelaError `file_unreadable` when it is not what an agent of this version writes.
 */
export async function readStatus(file: string): Promise<AgentStatus | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return statusSchema.parse(JSON.parse(text))
  } catch (cause) {
    const message = `${file} is damaged or of another version; the agent writes it anew when it runs`
    throw new SequelaError('file_unreadable', message, { cause })
  }
}
