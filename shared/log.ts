// Structured logs that hold no paths, no child and no free text from files: an event's name and fields from a fixed list.
// What is not on the list cannot be logged, so a reviewer reads this list instead of every call.

import pino from 'pino'

/** All that a log line may say beside its event. Times in ms, sizes in bytes. */
export interface LogFields {
  readonly site?: string
  readonly study?: string
  readonly stage?: number
  readonly round?: number
  readonly task?: string
  readonly digest?: string
  readonly code?: string
  readonly method?: string
  readonly reason?: string
  readonly address?: string
  readonly bytes?: number
  readonly children?: number
  readonly scans?: number
  readonly count?: number
  readonly durationMs?: number
  readonly waitMs?: number
  readonly version?: string
  readonly serial?: string
  readonly signal?: string
}

export interface Log {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

const allowed: ReadonlySet<string> = new Set<keyof LogFields>([
  'site',
  'study',
  'stage',
  'round',
  'task',
  'digest',
  'code',
  'method',
  'reason',
  'address',
  'bytes',
  'children',
  'scans',
  'count',
  'durationMs',
  'waitMs',
  'version',
  'serial',
  'signal',
])

/** Longest text of one field; reasons from peers are cut to it. */
const maxFieldLength = 500

/** From which lines on a log speaks, in pino's words. */
export const logLevels = ['info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** A log of JSON lines on standard error. */
export function createLog(
  name: string,
  level: LogLevel = 'info',
  destination: pino.DestinationStream = pino.destination(2),
): Log {
  const logger = pino({ name, level, base: { name } }, destination)
  return {
    info: (event, fields) => logger.info(clean(fields), event),
    warn: (event, fields) => logger.warn(clean(fields), event),
    error: (event, fields) => logger.error(clean(fields), event),
  }
}

/** A log that says nothing, for tests and for programs that print to a person instead. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }

function clean(fields: LogFields = {}): Record<string, string | number> {
  const result: Record<string, string | number> = {}
  for (const [key, value] of Object.entries(fields)) {
    if (!allowed.has(key) || value === undefined) continue
    result[key] = typeof value === 'string' ? value.slice(0, maxFieldLength).replaceAll(/\/[^\s"]+/g, '[path]') : value
  }
  return result
}
