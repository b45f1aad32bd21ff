// A hospital's own tables beside the images: which file, and what its columns are called there. Named in the site's
// settings, so nothing is guessed; a column that is not named is looked for under our own name.

import { basename, dirname, extname, isAbsolute } from 'node:path'
import { z } from 'zod'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { parseCsv } from './csv.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { scannerColumns } from './scanner.ts'
import { maxTableBytes, parseTsv, type Table } from './tsv.ts'

function tableSchema<Column extends string>(columns: readonly [Column, ...Column[]]) {
  return z.strictObject({
    /** Below the data folder, or a whole path. Ends in .csv or .tsv. */
    file: z.string().min(1).max(4096),
    /** Our column: the one in the file. */
    columns: z.partialRecord(z.enum(columns), z.string().min(1).max(200)).default({}),
  })
}

const child = 'participant_id'

/** `tables` in site.yaml. */
export const ownTablesSchema = z.strictObject({
  outcomes: tableSchema([
    child,
    ...(['event', 'event_days', 'event_type', 'last_followup_days', 'treatment_change_days'] as const),
  ]).optional(),
  visits: tableSchema([child, 'session_id', 'acq_time', 'days_since_surgery', ...scannerColumns]).optional(),
  /** One row a child with the dates of all its scans, joined by hyphens, as published with the flat layout. */
  scans: tableSchema([child, 'scan_dates', 'label']).optional(),
  /** Identifiers that hospitals share, such as a national number; best kept outside of the data folder. */
  linkage: tableSchema([child, 'linkage_id']).optional(),
  children: tableSchema([
    child,
    ...(['age', 'sex', 'grade', 'extent_of_resection', 'location', 'treatment'] as const),
  ]).optional(),
})

export type OwnTables = z.infer<typeof ownTablesSchema>
export type OwnTable = NonNullable<OwnTables[keyof OwnTables]>

/**
 * Reads a table; its columns go by our names.
 * @throws SequelaError `table_invalid`, also when it is not there; `file_unreadable`
 */
export async function readOwnTable(
  data: DataFolder,
  { file, columns }: OwnTable,
  required: readonly string[],
): Promise<Table> {
  const kind = extname(file).toLowerCase()
  if (kind !== '.csv' && kind !== '.tsv')
    throw new SequelaError('table_invalid', `${file}: a table ends in .csv or .tsv`)
  const folder = isAbsolute(file) ? await openDataFolder(dirname(file)) : data
  const bytes = await folder.read(isAbsolute(file) ? basename(file) : file, maxTableBytes)
  if (bytes === undefined)
    throw new SequelaError('table_invalid', `${file}: site.yaml names this table, and it is not there`)
  const theirs = new Map<string, string>(Object.entries(columns))
  const nameOf = (column: string): string => theirs.get(column) ?? column
  const wanted = [...required.map(nameOf), ...theirs.values()]
  const table = (kind === '.csv' ? parseCsv : parseTsv)(file, bytes, [...new Set(wanted)])
  const taken = new Set(theirs.values())
  return {
    name: file,
    columns: [...theirs.keys(), ...table.columns.filter((column) => !taken.has(column))],
    rows: table.rows.map(({ line, value }) => ({ line, value: (column) => value(nameOf(column)) })),
  }
}

/** The child that a table means: its id as it stands, or with the `sub-` of its folder. */
export function childOf(id: string | undefined, present: ReadonlySet<string>): string {
  if (id === undefined || present.has(id)) return id ?? ''
  return present.has(`sub-${id}`) ? `sub-${id}` : id
}
