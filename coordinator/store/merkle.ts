// The journal's Merkle tree (RFC 6962, section 2.1): leaves and nodes are hashed with different prefixes, and only the
// roots of the complete subtrees at the right edge ("peaks") are kept, so adding a leaf costs a few hashes.

import { createHash } from 'node:crypto'

/** Roots of the complete subtrees that make up the tree, largest first; their sizes are the binary digits of its size. */
export interface MerkleEdge {
  readonly size: number
  readonly peaks: readonly Buffer[]
}

export const emptyEdge: MerkleEdge = { size: 0, peaks: [] }

/** SHA-256 of 0x00 and the leaf. */
export function leafHash(leaf: Uint8Array | string): Buffer {
  return createHash('sha256').update(leafPrefix).update(leaf).digest()
}

/** SHA-256 of 0x01 and both children. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(nodePrefix).update(left).update(right).digest()
}

/** The edge after one more leaf. Equal subtrees merge as a binary counter carries. */
export function withLeaf(edge: MerkleEdge, hash: Buffer): MerkleEdge {
  const peaks = [...edge.peaks]
  let carried = hash
  for (let digits = edge.size; digits % 2 === 1; digits = (digits - 1) / 2) {
    carried = nodeHash(peaks.pop() ?? carried, carried)
  }
  return { size: edge.size + 1, peaks: [...peaks, carried] }
}

/** Root of the whole tree; for the empty one SHA-256 of nothing. */
export function rootOf(edge: MerkleEdge): Buffer {
  const last = edge.peaks.at(-1)
  if (last === undefined) return createHash('sha256').digest()
  return edge.peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
}

const leafPrefix = Uint8Array.of(0)
const nodePrefix = Uint8Array.of(1)
