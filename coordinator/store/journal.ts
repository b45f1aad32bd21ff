// The journal: every event that ever happened, in order, never changed. It is the database, the audit trail and the
// recovery log at once. Entries are the leaves of a Merkle tree whose head is stored in the same transaction.

import { type Digest, parseDigest } from '../../shared/digest.ts'
import { type MerkleEdge, rootOf } from './merkle.ts'

/** An event as it is appended; `body` is JSON whose meaning belongs to `type`. */
export interface JournalRecord {
  readonly atMs: number
  readonly type: string
  readonly body: string
}

/** An event as it stands in the journal; the first has index 0. */
export interface JournalEntry extends JournalRecord {
  readonly index: number
}

export interface TreeHead {
  readonly size: number
  readonly rootHash: Digest
}

export interface Journal {
  /**
   * Adds all records in one transaction; they are durable on return.
   * @throws SequelaError `disk_full` with nothing added; any other failure is a bug or a dying disk and ends the process.
   */
  append(records: readonly JournalRecord[]): readonly JournalEntry[]
  /** Entries from an index onward, in order. */
  read(fromIndex?: number): Iterable<JournalEntry>
  head(): TreeHead
  /** Recomputes the tree from every entry. @throws SequelaError `store_corrupt` with the place. */
  verify(): void
  close(): void
}

/** The bytes that are hashed for an entry: one line of JSON with its fields in this order. */
export function leafText({ index, atMs, type, body }: JournalEntry): string {
  return JSON.stringify([index, atMs, type, body])
}

export function headOf(edge: MerkleEdge): TreeHead {
  return { size: edge.size, rootHash: parseDigest(rootOf(edge).toString('hex')) }
}
