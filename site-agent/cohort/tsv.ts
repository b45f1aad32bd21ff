// Reads the tables of BIDS: tab-separated UTF-8 with one header line, `n/a` for what is missing, no quotation marks.
// Strict, because a table whose columns have slipped would give children wrong outcomes: whatever is not exactly such a
// table is refused, with file, line and column. Every dimension has a limit.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { quoted } from './finding.ts'

/** 100,000 rows of 160 letters: far more than the children of any hospital. */
export const maxTableBytes = 16 * 1024 * 1024
const maxColumns = 1000
const maxRows = 100_000
export const maxCellLength = 4096
/** So many problems are told at once; a table that has slipped is wrong in every line. */
const maxProblems = 5

export interface Row {
  /** In the file, counted from 1; the header is line 1. */
  readonly line: number
  /** The cell without blanks around it; undefined when it is empty, `n/a`, or there is no such column. */
  value(column: string): string | undefined
}

export interface Table {
  /** How sentences call it: its path below the data folder. */
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

/**
 * Reads a table. Lines end in LF or CRLF; a byte-order mark and empty lines at the end are allowed.
 * @param required columns that must be there
 * @throws SequelaError `table_invalid` with a line for each of the first problems
 */
export function parseTsv(name: string, bytes: Uint8Array, required: readonly string[] = []): Table {
  const lines = linesOf(name, textOf(name, bytes))
  const header = lines[0] ?? ''
  const columns = header.split('\t', maxColumns + 1).map((column) => column.trim())
  refuseHeader(name, header, columns, required)

  const position = new Map(columns.map((column, index) => [column, index]))
  const problems: string[] = []
  const rows = lines.slice(1).map((text, index): Row => {
    const line = index + 2
    const cells = text.split('\t', columns.length + 1).map((cell) => cell.trim())
    if (cells.length !== columns.length) problems.push(`line ${line} has ${widthOf(text, cells, columns)}`)
    const long = cells.findIndex((cell) => cell.length > maxCellLength)
    if (long >= 0) problems.push(`line ${line}, column ${quoted(columns[long] ?? '')}: over ${maxCellLength} letters`)
    return {
      line,
      value: (column) => toldCell(cells[position.get(column) ?? -1]),
    }
  })
  if (problems.length > 0) throw invalid(name, problems)
  return { name, columns, rows }
}

/** A cell that says something; undefined for an empty one and for `n/a`. */
export function toldCell(cell: string | undefined): string | undefined {
  return cell === undefined || cell === '' || cell.toLowerCase() === 'n/a' ? undefined : cell
}

/** A refusal of a table: one problem in the same line, several below one another. */
export function invalid(name: string, problems: readonly string[]): SequelaError {
  const shown = problems.slice(0, maxProblems)
  if (problems.length > maxProblems) shown.push(`and ${problems.length - maxProblems} more`)
  const text = shown.length === 1 ? ` ${shown[0]}` : `\n${shown.map((problem) => `  ${problem}`).join('\n')}`
  return new SequelaError('table_invalid', `${name}:${text}`)
}

export function textOf(name: string, bytes: Uint8Array): string {
  if (bytes.byteLength > maxTableBytes) {
    throw invalid(name, [`it has ${bytes.byteLength} bytes; at most ${maxTableBytes} are read`])
  }
  if (bytes.byteLength === 0) throw invalid(name, ['it is empty; the first line must name the columns'])
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw invalid(name, ['it is UTF-16 text; save it as UTF-8 (Excel calls that "CSV UTF-8")'])
  }
  if (bytes.includes(0)) throw invalid(name, ['it holds bytes that are not text'])
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const message = `${name}: it is not UTF-8 text; save it as UTF-8 (Excel calls that "CSV UTF-8")`
    throw new SequelaError('table_invalid', message, { cause })
  }
}

function linesOf(name: string, text: string): string[] {
  // Header, rows, and the empty rest after the last line's end.
  const most = 1 + maxRows + 1
  const lines = text.split('\n', most + 1).map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (lines.length > most) throw invalid(name, [`it has more than ${maxRows} rows`])
  const stray = lines.findIndex((line) => line.includes('\r'))
  if (stray >= 0) throw invalid(name, [`line ${stray + 1} holds a carriage return; end lines with LF or CRLF`])
  while (lines.length > 1 && lines.at(-1)?.trim() === '') lines.pop()
  return lines
}

function refuseHeader(name: string, header: string, columns: readonly string[], required: readonly string[]): void {
  if (columns.length > maxColumns) throw invalid(name, [`it has more than ${maxColumns} columns`])
  const problems: string[] = []
  const missing = required.filter((column) => !columns.includes(column))
  if (columns.length === 1 && missing.length > 0 && /[,;]/.test(header)) {
    throw invalid(name, ['its columns are not separated by tabs; save it as tab-separated text'])
  }
  const seen = new Set<string>()
  for (const [index, column] of columns.entries()) {
    if (column === '') problems.push(`line 1, column ${index + 1}: it has no name`)
    else if (column.startsWith('"')) problems.push(`line 1, column ${index + 1}: BIDS tables have no quotation marks`)
    else if (seen.has(column)) problems.push(`line 1, column ${index + 1}: ${quoted(column)} is there twice`)
    seen.add(column)
  }
  for (const column of missing) problems.push(`line 1: column ${quoted(column)} is missing`)
  if (problems.length > 0) throw invalid(name, problems)
}

function widthOf(text: string, cells: readonly string[], columns: readonly string[]): string {
  if (text.trim() === '') return 'nothing in it; remove the empty line'
  const count = cells.length > columns.length ? `more than ${columns.length}` : `${cells.length}`
  return `${count} ${count === '1' ? 'cell' : 'cells'} where the header names ${columns.length} columns`
}
