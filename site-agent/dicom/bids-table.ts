// Tables of a BIDS folder that grow: rows are added or changed by key, and whatever else stands in them stays.

import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { parseTsv } from '../cohort/tsv.ts'
import { writeFileDurably } from '../durable-file.ts'

/** Cells by column; what is missing is n/a. */
export type Cells = Readonly<Record<string, string>>

export interface GrowingTable {
  /** Rows by key, in the order of the file. */
  readonly rows: ReadonlyMap<string, Cells>
  /** Sets some cells of a row, adding it when it is new. */
  set(key: string, cells: Cells): void
  /** Writes the table when something changed. */
  save(): Promise<void>
}

/** @param columns the key first; columns of the file that are not among them are kept behind. @throws SequelaError `table_invalid`. */
export async function openTable(file: string, columns: readonly [string, ...string[]]): Promise<GrowingTable> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined
    throw new SequelaError('file_unreadable', `a table cannot be read (${systemCode(cause)})`, { cause })
  })
  const [key] = columns
  const table = bytes === undefined ? undefined : parseTsv(file, bytes, [key])
  const all = [...new Set([...columns.slice(0, 1), ...(table?.columns ?? []), ...columns])]
  const rows = new Map<string, Cells>()
  for (const row of table?.rows ?? []) {
    rows.set(row.value(key) ?? '', Object.fromEntries(all.map((column) => [column, row.value(column) ?? 'n/a'])))
  }
  let changed = bytes === undefined
  return {
    rows,
    set: (name, cells) => {
      const before = rows.get(name)
      if (before !== undefined && Object.entries(cells).every(([column, value]) => before[column] === value)) return
      rows.set(name, { ...before, ...cells, [key]: name })
      changed = true
    },
    save: async () => {
      if (!changed) return
      const lines = [all, ...[...rows.values()].map((cells) => all.map((column) => cells[column] ?? 'n/a'))]
      await mkdir(dirname(file), { recursive: true })
      await writeFileDurably(file, lines.map((cells) => `${cells.join('\t')}\n`).join(''), 0o640)
      changed = false
    },
  }
}
