// Tokens as they travel: a child's keyed hash is 32 bytes, a list of them is ascending and in one piece, and both sides check
// that. Inside, a token is 64 hexadecimal digits, so that the order of texts is the order of bytes.

import { SequelaError } from './errors.ts'
import { linkTokensMultiple, maxLinkTokens } from './limits.ts'

/** 64 lower-case hexadecimal digits: a keyed hash of an identifier, or a random number that looks like one. */
export type LinkToken = string & { readonly __brand: 'LinkToken' }

/** Why a site takes part without the check. */
export const uncheckedReasons = {
  'no-key': 'it has no key that hospitals share (site link-key)',
  'no-identifiers': 'it has no identifiers that hospitals share (tables.linkage in site.yaml)',
} as const

export type UncheckedReason = keyof typeof uncheckedReasons

const tokenBytes = 32

/** Lists in one piece, ascending. */
export function encodeLinkTokens(tokens: readonly LinkToken[]): Uint8Array {
  return Buffer.from(tokens.toSorted().join(''), 'hex')
}

/**
 * Reads such a piece; it may be empty.
 * @throws SequelaError `message_malformed` unless it holds whole tokens, ascending and none twice, and no more than are allowed.
 */
export function decodeLinkTokens(bytes: Uint8Array): readonly LinkToken[] {
  if (bytes.byteLength % tokenBytes !== 0 || bytes.byteLength > maxLinkTokens * tokenBytes) {
    throw malformed(`${bytes.byteLength} bytes are no list of at most ${maxLinkTokens} tokens`)
  }
  const digits = Buffer.from(bytes).toString('hex')
  const tokens = Array.from({ length: bytes.byteLength / tokenBytes }, (_, i) =>
    digits.slice(2 * tokenBytes * i, 2 * tokenBytes * (i + 1)),
  )
  const ascending = tokens.every((token, i) => i === 0 || (tokens[i - 1] ?? '') < token)
  if (!ascending) throw malformed('tokens must be ascending, and none may be there twice')
  return tokens as LinkToken[]
}

/** A site's whole list, filled up. @throws SequelaError `message_malformed`. */
export function decodeLinkList(bytes: Uint8Array): readonly LinkToken[] {
  const tokens = decodeLinkTokens(bytes)
  if (tokens.length === 0 || tokens.length % linkTokensMultiple !== 0) {
    throw malformed(`a list holds a multiple of ${linkTokensMultiple} tokens, and this one ${tokens.length}`)
  }
  return tokens
}

/** @throws SequelaError `message_malformed` unless the text is 20 hexadecimal digits. */
export function parseKeyFingerprint(text: string): string {
  if (/^[0-9a-f]{20}$/.test(text)) return text
  throw malformed('the fingerprint of the key is not 20 hexadecimal digits')
}

/** @throws SequelaError `message_malformed`. */
export function parseUncheckedReason(text: string): UncheckedReason {
  for (const reason of ['no-key', 'no-identifiers'] as const) if (text === reason) return reason
  throw malformed('nobody knows this reason for taking part without the check')
}

/** Five groups of four, as people say them on the telephone. */
export function fingerprintInGroups(fingerprint: string): string {
  return fingerprint.replaceAll(/(.{4})(?=.)/g, '$1 ')
}

function malformed(text: string): SequelaError {
  return new SequelaError('message_malformed', text)
}
