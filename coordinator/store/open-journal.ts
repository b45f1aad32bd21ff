// The journal of a store that may hold blobs already. Blobs come before the events that name them, but the first event
// comes before the first blob: a site is invited and a study proposed before there are any weights. So blobs beside an
// empty journal mean that the journal was lost, and whoever went on would take them for leftovers and delete them.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Blobs } from './blobs.ts'
import type { Journal } from './journal.ts'
import { openSqliteJournal } from './sqlite.ts'

/**
 * Opens or makes the journal in `folder`, in which `blobs` lie.
 * @throws SequelaError `store_corrupt` as openSqliteJournal does, and when there are blobs and no entry.
 */
export async function openJournal(folder: string, blobs: Pick<Blobs, 'list'>): Promise<Journal> {
  const file = join(folder, 'journal.db')
  const count = (await blobs.list()).length
  if (count === 0) return openSqliteJournal(file)
  // To be seen before it is opened: over a file that is made anew SQLite deletes the write-ahead log of the lost one.
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) throw journalLost(file, count)
  const journal = openSqliteJournal(file)
  if (journal.head().size > 0) return journal
  journal.close()
  throw journalLost(file, count)
}

function journalLost(file: string, count: number): SequelaError {
  const what = `the store holds weights (${count} files) and no journal that says what they are: ${file} is missing or empty`
  const todo = 'nothing was changed; restore the last backup of the journal, or move the whole store away to begin anew'
  return new SequelaError('store_corrupt', `${what}; ${todo}`)
}
