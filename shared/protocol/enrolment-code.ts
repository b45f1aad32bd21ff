// The enrolment code: all that a site needs for its first contact, in one string that survives being pasted: where the
// coordinator is, which root it must show, and a secret that is good once. A check at its end tells a typo from a lie.

import { type Digest, parseDigest, sha256 } from '../digest.ts'
import { SequelaError } from './errors.ts'

export interface EnrolmentCode {
  /** host:port of the enrolment service; an IPv6 address stands in brackets. */
  readonly address: string
  /** SHA-256 of the root certificate's DER bytes. */
  readonly rootFingerprint: Digest
  /** 256 bits. The coordinator keeps only their SHA-256. */
  readonly secret: Uint8Array
}

export const enrolmentSecretBytes = 32

/** Marks the string and the version of its layout. */
const prefix = 'sequela1.'
const fingerprintBytes = 32
const checkBytes = 4
const maxAddressBytes = 262
const addressPattern = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,252})|\[[0-9a-fA-F:.]{2,45}\]):([0-9]{1,5})$/

/** Layout: prefix, then in base64url: secret (32 bytes), fingerprint (32), address (UTF-8), check (4). */
export function encodeEnrolmentCode({ address, rootFingerprint, secret }: EnrolmentCode): string {
  if (secret.byteLength !== enrolmentSecretBytes) throw new Error('the secret of an enrolment code has 32 bytes')
  const content = Buffer.concat([secret, Buffer.from(rootFingerprint, 'hex'), Buffer.from(checkedAddress(address))])
  return prefix + Buffer.concat([content, checkOf(content)]).toString('base64url')
}

/**
 * Reads a code as it was pasted; spaces and line breaks inside it do not matter.
 * @throws SequelaError `invitation_invalid` that says whether it is no code at all, cut short, or changed on the way.
 */
export function decodeEnrolmentCode(pasted: string): EnrolmentCode {
  const text = pasted.slice(0, 4096).replace(/\s+/g, '')
  if (!text.startsWith(prefix)) {
    throw invalid(`does not begin with "${prefix}"; paste the whole line that the coordinator printed`)
  }
  const digits = text.slice(prefix.length)
  const stranger = /[^A-Za-z0-9_-]/.exec(digits)
  if (stranger !== null)
    throw invalid(`holds a character that no code has, at place ${prefix.length + stranger.index + 1}`)
  const bytes = Buffer.from(digits, 'base64url')
  const content = bytes.subarray(0, -checkBytes)
  const addressAt = enrolmentSecretBytes + fingerprintBytes
  if (content.byteLength <= addressAt) throw invalid('is too short; its end is missing')
  if (bytes.toString('base64url') !== digits || !checkOf(content).equals(bytes.subarray(-checkBytes))) {
    throw invalid('was changed or cut on the way (its check does not fit); copy it again')
  }
  return {
    address: checkedAddress(content.subarray(addressAt).toString('utf8')),
    rootFingerprint: parseDigest(content.subarray(enrolmentSecretBytes, addressAt).toString('hex')),
    secret: Uint8Array.from(content.subarray(0, enrolmentSecretBytes)),
  }
}

/** What the coordinator keeps of a secret, and looks it up by. */
export function enrolmentSecretHash(secret: Uint8Array): Digest {
  return sha256(secret)
}

function checkOf(content: Uint8Array): Buffer {
  return Buffer.from(sha256(content), 'hex').subarray(0, checkBytes)
}

function checkedAddress(address: string): string {
  const port = Number(addressPattern.exec(address)?.[1])
  if (address.length <= maxAddressBytes && port >= 1 && port <= 65535) return address
  throw invalid(`names "${address.slice(0, 80).toWellFormed()}", which is not host:port`)
}

function invalid(why: string): SequelaError {
  return new SequelaError('invitation_invalid', `the enrolment code ${why}`)
}
