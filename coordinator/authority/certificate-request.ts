// Certificate requests from strangers: bytes to judge before anything is signed. Only the public key is taken from them,
// and only if whoever sent it holds its private half; names and extensions in a request are ignored.

import forge from 'node-forge'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxCsrBytes } from '../../shared/protocol/limits.ts'

/** A request as it came, not checked yet. */
export interface CertificateRequest {
  readonly der: Buffer
  /** SHA-256 of `der`: what makes two requests the same. */
  readonly digest: Digest
}

const minKeyBits = 2048
/** Longer keys add no safety and cost every peer time. */
const maxKeyBits = 8192
/** The one exponent in use; a free choice would let a request cost minutes of arithmetic. */
const publicExponent = 65537

const allowedSignatures: ReadonlySet<string | null> = new Set([
  '1.2.840.113549.1.1.11', // sha256WithRSAEncryption
  '1.2.840.113549.1.1.12', // sha384WithRSAEncryption
  '1.2.840.113549.1.1.13', // sha512WithRSAEncryption
])

/** Takes the bytes out of their PEM armour: cheap, and safe for any text. @throws SequelaError `csr_invalid`. */
export function decodeRequest(csrPem: string): CertificateRequest {
  if (csrPem.length > maxCsrBytes) throw invalid(`is longer than ${maxCsrBytes} characters`)
  const armour = /^-----BEGIN CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE REQUEST-----$/
  const body = armour.exec(csrPem.trim())?.[1]
  if (body === undefined) throw invalid('is not one PEM block of type CERTIFICATE REQUEST')
  const der = Buffer.from(body, 'base64')
  return { der, digest: sha256(der) }
}

/**
 * The public key (PEM) of a request whose sender has shown to hold the private key.
 * @throws SequelaError `csr_invalid` when it is malformed, not signed by its own key, or its key is not one we certify.
 */
export function checkRequest({ der }: CertificateRequest): string {
  const request = parse(der)
  const key = request.publicKey
  if (key === null || !('n' in key)) throw invalid('holds no RSA key')
  const bits = key.n.bitLength()
  if (bits < minKeyBits || bits > maxKeyBits) {
    throw invalid(`holds a key of ${bits} bits; it must have ${minKeyBits} to ${maxKeyBits}`)
  }
  if (key.e.toString(10) !== String(publicExponent))
    throw invalid(`holds a key whose exponent is not ${publicExponent}`)
  if (!allowedSignatures.has(request.signatureOid)) throw invalid('is not signed with SHA-256, SHA-384 or SHA-512')
  if (!isSignedByItsKey(request)) throw invalid('is not signed by its own key')
  return forge.pki.publicKeyToPem(key)
}

function parse(der: Buffer): forge.pki.CertificateSigningRequest {
  try {
    return forge.pki.certificationRequestFromAsn1(forge.asn1.fromDer(der.toString('binary'), true))
  } catch (error) {
    throw invalid('cannot be read', error)
  }
}

function isSignedByItsKey(request: forge.pki.CertificateSigningRequest): boolean {
  try {
    return request.verify()
  } catch {
    return false
  }
}

function invalid(why: string, cause?: unknown): SequelaError {
  return new SequelaError('csr_invalid', `the certificate request ${why}; the agent must make a new one`, { cause })
}
