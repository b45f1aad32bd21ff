// How far the journal had come when the weights beside it were stored: its size and root, kept among the blobs, so that whoever
// puts blobs back puts their mark back too. A journal that does not reach the mark is an older one than they are, and whoever
// went on with it would take newer weights for leftovers and delete them.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { headOf, type Journal, leafText, type TreeHead } from './journal.ts'
import { emptyEdge, leafHash, type MerkleEdge, withLeaf } from './merkle.ts'

const markSchema = z.object({ size: z.int().min(0), rootHash: z.string() })

/**
 * Checks that the journal of the store in `folder` goes on from where its weights were marked; a store without a mark passes.
 * @throws SequelaError `store_corrupt` when it ends before or has other entries, or the mark cannot be understood.
 */
export function requireMarkReached(folder: string, journal: Pick<Journal, 'head' | 'read'>): void {
  const mark = readMark(folder)
  if (mark === undefined) return
  const { size } = journal.head()
  if (size < mark.size) throw olderJournal(folder, `the journal has ${size} entries and had ${mark.size} when`)
  if (rootOfFirst(journal, mark.size) !== mark.rootHash) {
    throw olderJournal(folder, `the first ${mark.size} entries of the journal are not those that it had when`)
  }
}

/** Marks how far the journal has come; durable on return. Only for a journal that names the blobs that lie in `folder`. */
export function markJournal(folder: string, { size, rootHash }: TreeHead): void {
  const file = markFile(folder)
  const aside = `${file}.part`
  writeFileSync(aside, JSON.stringify({ size, rootHash }), { mode: 0o600, flush: true })
  renameSync(aside, file)
  const descriptor = openSync(dirname(file), 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function markFile(folder: string): string {
  return join(folder, 'blobs', 'journal-mark.json')
}

function readMark(folder: string): z.infer<typeof markSchema> | undefined {
  const file = markFile(folder)
  try {
    return markSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined
    const what = `${file}, which says how far the journal had come when the weights beside it were stored, cannot be read`
    const todo = 'restore it from the backup of the weights, or remove it if journal and weights are of one backup'
    throw new SequelaError('store_corrupt', `${what}; ${todo}`, { cause })
  }
}

/** Root of the tree over the first `size` entries, of which there are at least so many. */
function rootOfFirst(journal: Pick<Journal, 'read'>, size: number): string {
  let edge: MerkleEdge = emptyEdge
  for (const entry of journal.read()) {
    if (edge.size === size) break
    edge = withLeaf(edge, leafHash(leafText(entry)))
  }
  return headOf(edge).rootHash
}

function olderJournal(folder: string, why: string): SequelaError {
  const what = `the weights in ${join(folder, 'blobs')} are not of this journal: ${why} they were stored`
  const todo = `nothing was deleted; restore the newest backup of ${join(folder, 'journal.db')}`
  const otherwise = `if there is no newer one, copy the weights elsewhere and remove ${markFile(folder)}`
  const then = 'the coordinator then goes on with this journal and deletes weights that it does not name'
  return new SequelaError('store_corrupt', `${what}; ${todo}; ${otherwise}: ${then}`)
}
