// From identifiers to what may be compared: a keyed hash of each, bound to one study, among random ones that only this site can
// tell from them. Without the key a hash says nothing; with it, identifiers can be tried, so the key stays with hospitals.

import { createHmac } from 'node:crypto'
import type { Digest } from '../../shared/digest.ts'
import { linkTokensMultiple } from '../../shared/protocol/limits.ts'
import type { LinkToken } from '../../shared/protocol/link-tokens.ts'

/** 32 random bytes each: what hospitals share, and what this one alone knows. */
export interface LinkSecrets {
  readonly key: Uint8Array
  readonly filling: Uint8Array
}

/**
 * The spelling on which hospitals agree: Unicode NFKC (so that full-width and narrow letters are one), no white space at the
 * ends, upper case. What is inside stays: hyphens and leading noughts tell numbers apart.
 */
export function normalisedIdentifier(text: string): string {
  return text.normalize('NFKC').toUpperCase().normalize('NFKC').trim()
}

/** HMAC-SHA-256 (RFC 2104) of study and identifier, so that lists of two studies have nothing in common. */
export function linkTokenOf(key: Uint8Array, study: Digest, identifier: string): LinkToken {
  return keyedHash(key, `sequela link\n${study}\n${normalisedIdentifier(identifier)}`)
}

/**
 * A list that can leave: ascending, and filled up with hashes under the site's own secret. They are the same every time, so
 * that two lists do not tell which of their tokens are children's.
 */
export function filledUp(tokens: Iterable<LinkToken>, filling: Uint8Array, study: Digest): readonly LinkToken[] {
  const list = new Set(tokens)
  const length = Math.max(1, Math.ceil(list.size / linkTokensMultiple)) * linkTokensMultiple
  for (let i = 0; list.size < length; i++) list.add(keyedHash(filling, `sequela filling\n${study}\n${i}`))
  return [...list].toSorted()
}

function keyedHash(key: Uint8Array, text: string): LinkToken {
  return createHmac('sha256', key).update(text).digest('hex') as LinkToken
}
