// Tables as spreadsheets save them: CSV with commas, semicolons or tabs, quotation marks where cells need them. As strict as
// for BIDS tables: a row with more or fewer cells than the header is refused, for its columns may have slipped.

import { CsvError, parse } from 'csv-parse/sync'
import { fewOf, quoted } from './finding.ts'
import { invalid, maxCellLength, type Row, type Table, textOf, toldCell } from './tsv.ts'

const delimiters = [',', ';', '\t'] as const

/** A first line that some spreadsheets write to name the delimiter. */
const delimiterLine = /^sep=([,;\t])\r?\n/i

/**
 * Reads a table whose columns are separated by whichever of comma, semicolon and tab its header uses.
 * @param required columns that must be there
 * @throws SequelaError `table_invalid`
 */
export function parseCsv(name: string, bytes: Uint8Array, required: readonly string[] = []): Table {
  const [first = '', named] = delimiterLine.exec(textOf(name, bytes)) ?? []
  const text = textOf(name, bytes).slice(first.length)
  const headerLine = first === '' ? 1 : 2
  const [header = ''] = text.split(/\r?\n/, 1)
  const likely = delimiters.toSorted((a, b) => header.split(b).length - header.split(a).length)[0]
  const records = recordsOf(name, text, named ?? likely ?? ',')
  const columns = (records[0]?.cells ?? []).map((column) => column.trim())
  const problems = columns.flatMap((column, index) => {
    if (column === '') return [`line ${headerLine}, column ${index + 1}: it has no name`]
    return columns.indexOf(column) < index ? [`line ${headerLine}: column ${quoted(column)} is there twice`] : []
  })
  const missing = required.filter((column) => !columns.includes(column)).map(quoted)
  if (missing.length > 0) {
    const there = `the table has ${fewOf(columns.map(quoted), 10)}`
    const what = missing.length === 1 ? `column ${missing[0]} is` : `columns ${missing.join(', ')} are`
    problems.push(`line ${headerLine}: ${what} missing; ${there}`)
  }
  const rows = records.slice(1).map(({ cells, line }): Row => {
    if (cells.some((cell) => cell.length > maxCellLength))
      problems.push(`line ${line + headerLine - 1}: a cell has over ${maxCellLength} letters`)
    return { line: line + headerLine - 1, value: (column) => toldCell(cells[columns.indexOf(column)]?.trim()) }
  })
  if (problems.length > 0) throw invalid(name, problems)
  return { name, columns, rows }
}

function recordsOf(name: string, text: string, delimiter: string): { cells: readonly string[]; line: number }[] {
  const found: { cells: readonly string[]; line: number }[] = []
  try {
    parse(text, {
      ...{ bom: true, delimiter, skip_empty_lines: true },
      on_record: (cells: readonly string[], { lines }) => {
        found.push({ cells, line: lines })
        return null
      },
    })
    return found
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw invalid(name, [`it is not a table: ${cause.message}`])
  }
}
