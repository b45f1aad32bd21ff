// A child's visit table, sub-X_sessions.tsv: one row a visit with its date, its days since the operation, or both, and with
// what it was scanned where no sidecar says so.

import type { Scanner } from '../../shared/cohort/chart.ts'
import { parseAcquisitionTime } from './acquisition-time.ts'
import { parseDays } from './cell.ts'
import { quoted } from './finding.ts'
import { listedScanner } from './scanner.ts'
import { invalid, parseTsv, type Row } from './tsv.ts'

export interface VisitRow {
  readonly line: number
  readonly daysSinceSurgery: number | undefined
  /** Milliseconds since 1970 (UTC). */
  readonly acquiredMs: number | undefined
  /** Why the row cannot be used. */
  readonly problem: string | undefined
  /** Where the table has columns for it. */
  readonly scanner?: Scanner
  /** What is wrong in it and holds nothing back. */
  readonly remark?: string
}

export interface VisitTable {
  readonly columns: readonly string[]
  /** By session_id. */
  readonly rows: ReadonlyMap<string, VisitRow>
}

/** @throws SequelaError `table_invalid`, also when a visit has two rows */
export function parseVisitTable(name: string, bytes: Uint8Array): VisitTable {
  const table = parseTsv(name, bytes, ['session_id'])
  const rows = new Map<string, VisitRow>()
  for (const row of table.rows) {
    const session = row.value('session_id') ?? ''
    const earlier = rows.get(session)
    if (earlier !== undefined) {
      throw invalid(name, [`lines ${earlier.line} and ${row.line} are both about ${quoted(session)}; keep one`])
    }
    rows.set(session, readVisitRow(name, row))
  }
  return { columns: table.columns, rows }
}

/** What a text that should be a date is told to be. */
export function dateProblem(column: string, text: string): string {
  return `${column} is ${quoted(text)}; write a date of the calendar as YYYY-MM-DDThh:mm:ss, or n/a.`
}

/** One row, in whatever table it stands. @param name of the table, for sentences */
export function readVisitRow(name: string, row: Row): VisitRow {
  const at = `${name} line ${row.line}:`
  const time = row.value('acq_time')
  const acquiredMs = time === undefined ? undefined : parseAcquisitionTime(time)
  const count = row.value('days_since_surgery')
  const days = count === undefined ? undefined : parseDays(count)
  const problems: string[] = []
  if (time !== undefined && acquiredMs === undefined) problems.push(dateProblem('acq_time', time))
  if (typeof days === 'object') problems.push(`days_since_surgery ${days.problem}.`)
  const { scanner, problem: remark } = listedScanner(row)
  return {
    line: row.line,
    daysSinceSurgery: typeof days === 'number' ? days : undefined,
    acquiredMs,
    problem: problems.length === 0 ? undefined : `${at} ${problems.join(' ')}`,
    ...(scanner !== undefined && { scanner }),
    ...(remark !== undefined && { remark: `${at} ${remark}` }),
  }
}
