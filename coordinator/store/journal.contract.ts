// What every journal must do. Each implementation runs this suite in its own test file.

import { describe, expect, test } from 'vitest'
import type { Digest } from '../../shared/digest.ts'
import { type Journal, type JournalRecord, leafText } from './journal.ts'
import { leafHash, nodeHash } from './merkle.ts'

const record = (n: number): JournalRecord => ({
  atMs: 1000 + n,
  type: 'counted',
  body: JSON.stringify({ n, text: 'ä "\n' }),
})

/** RFC 6962's definition, word for word: split at the largest power of two below the size. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves
  if (leaves.length === 1 && only !== undefined) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return nodeHash(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)))
}

export function describeJournal(name: string, open: () => Journal): void {
  describe(`the ${name}`, () => {
    test('gives back what was appended, in order, numbered from nought', () => {
      const journal = open()
      expect(journal.append([record(0), record(1)]).map((entry) => entry.index)).toEqual([0, 1])
      expect(journal.append([record(2)]).map((entry) => entry.index)).toEqual([2])
      expect([...journal.read()]).toEqual([0, 1, 2].map((index) => ({ index, ...record(index) })))
      expect([...journal.read(2)]).toEqual([{ index: 2, ...record(2) }])
      journal.close()
    })

    test('has after every append the root that RFC 6962 defines', () => {
      const journal = open()
      const leaves: Buffer[] = []
      for (let n = 0; n < 40; n++) {
        for (const entry of journal.append([record(n)])) leaves.push(leafHash(leafText(entry)))
        expect(journal.head()).toEqual({ size: n + 1, rootHash: naiveRoot(leaves).toString('hex') as Digest })
      }
      journal.verify()
      journal.close()
    })

    test('has the same root whether records come one by one or together', () => {
      const one = open()
      const together = open()
      for (let n = 0; n < 13; n++) one.append([record(n)])
      together.append(Array.from({ length: 13 }, (_, n) => record(n)))
      expect(together.head()).toEqual(one.head())
      one.close()
      together.close()
    })

    test('appends nothing when asked to append nothing', () => {
      const journal = open()
      expect(journal.append([])).toEqual([])
      expect(journal.head().size).toBe(0)
      journal.close()
    })
  })
}
