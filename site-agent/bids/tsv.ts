// BIDS tables: tab-separated, a header, `n/a` where nothing is known. Strict and bounded: a table is either read rightly
// or refused with its line and column.

import { SequelaError } from '../../shared/protocol/errors.ts'

/** A row by column name; null stands for `n/a` and for nothing. `line` counts from 1, the header being line 1. */
export interface TableRow {
  readonly line: number
  readonly values: ReadonlyMap<string, string | null>
}

export interface Table {
  /** The file's name relative to the data set, for sentences. */
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly TableRow[]
}

/** A hospital's table of visits is a few kilobytes; these stop a wrong file before it costs anything. */
const maxTableBytes = 16 * 1024 * 1024
const maxColumns = 500

/** Reads a table. @throws SequelaError `table_invalid` naming file, line and column. */
export function parseTable(name: string, text: string): Table {
  if (text.length > maxTableBytes) throw invalid(name, 'it is larger than any table should be (16 MB)')
  if (text.includes('\0')) throw invalid(name, 'it holds bytes that no text has; is it really a table?')
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  while (lines.at(-1) === '') lines.pop()
  const [header, ...body] = lines
  if (header === undefined) throw invalid(name, 'it is empty')
  const columns = header.split('\t')
  if (columns.length > maxColumns)
    throw invalid(name, `it has ${columns.length} columns; at most ${maxColumns} are read`)
  const twice = columns.find((column, i) => columns.indexOf(column) !== i)
  if (twice !== undefined) throw invalid(name, `column "${twice.slice(0, 80)}" stands in it twice`)
  const rows = body.map((line, i): TableRow => {
    const cells = line.split('\t')
    if (cells.length !== columns.length) {
      throw invalid(name, `line ${i + 2} has ${cells.length} fields and the header has ${columns.length}`)
    }
    const values = columns.map((column, k) => [column, known(cells[k])] as const)
    return { line: i + 2, values: new Map(values) }
  })
  return { name, columns, rows }
}

/** The column's text in a row; null for `n/a`. @throws SequelaError `table_invalid` when the table has no such column. */
export function cell(table: Table, row: TableRow, column: string): string | null {
  const value = row.values.get(column)
  if (value === undefined) throw invalid(table.name, `it has no column "${column}"`)
  return value
}

/** A number in a cell; null for `n/a` or an absent column. @throws SequelaError `table_invalid` for anything else. */
export function numberCell(table: Table, row: TableRow, column: string): number | null {
  const text = row.values.get(column) ?? null
  if (text === null) return null
  const value = Number(text)
  if (/^[-+]?\d+(\.\d+)?$/.test(text) && Number.isFinite(value)) return value
  throw invalid(table.name, `line ${row.line}, column "${column}": "${text.slice(0, 40)}" is not a number`)
}

/** A refusal about a table. */
export function invalid(name: string, what: string): SequelaError {
  return new SequelaError('table_invalid', `table ${name}: ${what}`)
}

function known(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? ''
  return trimmed === '' || trimmed.toLowerCase() === 'n/a' ? null : trimmed
}
