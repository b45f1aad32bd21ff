// Appends to a journal until it is killed, and tells its parent the index of each entry once that is acknowledged.

import { openSqliteJournal } from '../sqlite.ts'

const journal = openSqliteJournal(process.argv[2] ?? '')
const appendNext = (): void => {
  const [entry] = journal.append([{ atMs: 0, type: 'tick', body: '{}' }])
  process.send?.(entry?.index, () => appendNext())
}
appendNext()
