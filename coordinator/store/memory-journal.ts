// A journal in memory, for tests of what stands above it. Same contract as the one on disk, less durability.

import { headOf, type Journal, type JournalEntry, leafText } from './journal.ts'
import { emptyEdge, leafHash, withLeaf } from './merkle.ts'

export function createMemoryJournal(): Journal {
  const entries: JournalEntry[] = []
  let edge = emptyEdge
  return {
    append: (records) => {
      const added = records.map((record, i) => ({ ...record, index: entries.length + i }))
      for (const entry of added) edge = withLeaf(edge, leafHash(leafText(entry)))
      entries.push(...added)
      return added
    },
    read: (fromIndex = 0) => entries.slice(fromIndex),
    head: () => headOf(edge),
    verify: () => {},
    close: () => {},
  }
}
