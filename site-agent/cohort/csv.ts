// Tables as spreadsheets save them: CSV with commas, semicolons or tabs, quotation marks where cells need them. As strict as
// for BIDS tables: a row with more or fewer cells than the header is refused, for its columns may have slipped.

import { CsvError, parse } from 'csv-parse/sync'
import { invalid, maxCellLength, type Row, type Table, textOf, toldCell } from './tsv.ts'

const delimiters = [',', ';', '\t'] as const

/**
 * Reads a table whose columns are separated by whichever of comma, semicolon and tab its header uses.
 * @param required columns that must be there
 * @throws SequelaError `table_invalid`
 */
export function parseCsv(name: string, bytes: Uint8Array, required: readonly string[] = []): Table {
  const text = textOf(name, bytes)
  const [header = ''] = text.split(/\r?\n/, 1)
  const delimiter = delimiters.toSorted((a, b) => header.split(b).length - header.split(a).length)[0] ?? ','
  const records = recordsOf(name, text, delimiter)
  const columns = (records[0]?.cells ?? []).map((column) => column.trim())
  const problems = columns.flatMap((column, index) => {
    if (column === '') return [`line 1, column ${index + 1}: it has no name`]
    return columns.indexOf(column) < index ? [`line 1: column "${column}" is there twice`] : []
  })
  for (const column of required) if (!columns.includes(column)) problems.push(`line 1: column "${column}" is missing`)
  const rows = records.slice(1).map(({ cells, line }): Row => {
    if (cells.some((cell) => cell.length > maxCellLength))
      problems.push(`line ${line}: a cell has over ${maxCellLength} letters`)
    return { line, value: (column) => toldCell(cells[columns.indexOf(column)]?.trim()) }
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
