// SHA-256 digests as lower-case hex text: the name of a weights file, a study, an update, a journal leaf.
// node:crypto is neither disk nor network, so it may stand here; the pure folders take digests as values.

import { createHash } from 'node:crypto'
import { SequelaError } from './protocol/errors.ts'

/** 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly __brand: 'Digest' }

/** SHA-256 of some bytes, or of a text in UTF-8. */
export function sha256(content: Uint8Array | string): Digest {
  return createHash('sha256').update(content).digest('hex') as Digest
}

/** A running SHA-256: `update` with pieces, then `digest` once. */
export function createDigester(): { update(bytes: Uint8Array): void; digest(): Digest } {
  const hash = createHash('sha256')
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest('hex') as Digest,
  }
}

/** Whether a text is written as digests are. */
export function isDigest(text: string): text is Digest {
  return /^[0-9a-f]{64}$/.test(text)
}

/** The text as a digest. Throws `message_malformed`. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new SequelaError('message_malformed', `"${text.slice(0, 80)}" is not a SHA-256 digest`)
  return text
}
