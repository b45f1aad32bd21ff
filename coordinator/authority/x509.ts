// Making one X.509 certificate: node-forge writes and signs it, and Node's own parser must read back what was meant
// before anyone gets it.

import { createPublicKey, generateKeyPair, randomBytes, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'

/** A private key and the certificate of its public half, both PEM. */
export interface CertifiedKey {
  readonly privateKeyPem: string
  readonly certificatePem: string
}

/** Milliseconds since 1970; certificates know whole seconds. */
export interface Lifetime {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** What a certificate may be used for. */
export type CertificateUse =
  | { readonly kind: 'authority' /** How many authorities may follow below. */; readonly pathLength: number }
  | { readonly kind: 'site'; readonly uri: string }
  | { readonly kind: 'server' /** Host names and IP addresses. */; readonly hosts: readonly string[] }

export interface CertificateOrder {
  /** For people; identity is in the alternative names. At most 64 characters. */
  readonly commonName: string
  readonly publicKeyPem: string
  readonly use: CertificateUse
  readonly lifetime: Lifetime
  /** Whose key signs. Without `certificatePem` the certificate signs itself. */
  readonly issuer: { readonly privateKeyPem: string; readonly certificatePem?: string }
}

/** A certificate and its serial (128 random bits as 32 lower-case hexadecimal digits). */
export interface MadeCertificate {
  readonly certificatePem: string
  readonly serial: string
}

/** A fresh RSA key, PEM both. */
export async function makeKey(
  bits: number,
): Promise<{ readonly publicKeyPem: string; readonly privateKeyPem: string }> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { publicKeyPem: publicKey, privateKeyPem: privateKey }
}

/** Whole seconds around an instant: from `beforeMs` earlier, for clocks that go behind, to `afterMs` later. */
export function lifetimeAround(nowMs: number, { beforeMs, afterMs }: { beforeMs: number; afterMs: number }): Lifetime {
  const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000
  return { notBeforeMs: wholeSecond(nowMs - beforeMs), notAfterMs: wholeSecond(nowMs + afterMs) }
}

/** Signs a certificate with SHA-256; takes about a tenth of a second at 3072 bits. */
export function makeCertificate(order: CertificateOrder): MadeCertificate {
  const serial = newSerial()
  const certificate = forge.pki.createCertificate()
  const subject = [{ name: 'commonName', value: order.commonName }]
  const issuer =
    order.issuer.certificatePem === undefined ? undefined : forge.pki.certificateFromPem(order.issuer.certificatePem)
  certificate.serialNumber = serial
  certificate.publicKey = forge.pki.publicKeyFromPem(order.publicKeyPem)
  certificate.validity.notBefore = new Date(order.lifetime.notBeforeMs)
  certificate.validity.notAfter = new Date(order.lifetime.notAfterMs)
  certificate.setSubject(subject)
  certificate.setIssuer(issuer?.subject.attributes ?? subject)
  certificate.setExtensions([
    ...extensionsOf(order.use),
    { name: 'subjectKeyIdentifier' },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: (issuer ?? certificate).generateSubjectKeyIdentifier().getBytes(),
    },
  ])
  certificate.sign(forge.pki.privateKeyFromPem(order.issuer.privateKeyPem), forge.md.sha256.create())
  const certificatePem = forge.pki.certificateToPem(certificate).replaceAll('\r', '')
  assertAsOrdered(certificatePem, serial, order)
  return { certificatePem, serial }
}

/** 128 bits, of which the highest two are 01, so that the number is positive and has one spelling. */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0)
  return bytes.toString('hex')
}

function extensionsOf(use: CertificateUse): object[] {
  switch (use.kind) {
    case 'authority':
      return [
        { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: use.pathLength },
        { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      ]
    case 'site':
      return [...leafExtensions, { name: 'extKeyUsage', clientAuth: true }, altNames([{ type: 6, value: use.uri }])]
    case 'server':
      return [...leafExtensions, { name: 'extKeyUsage', serverAuth: true }, altNames(use.hosts.map(hostName))]
  }
}

const leafExtensions = [
  { name: 'basicConstraints', critical: true, cA: false },
  { name: 'keyUsage', critical: true, digitalSignature: true },
]

function altNames(names: readonly object[]): object {
  return { name: 'subjectAltName', altNames: names }
}

function hostName(host: string): object {
  return isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }
}

/** A second opinion: OpenSSL, through Node, must see what was ordered. What differs is a bug, and nothing is given out. */
function assertAsOrdered(certificatePem: string, serial: string, { use, lifetime, ...order }: CertificateOrder): void {
  const seen = new X509Certificate(certificatePem)
  const key = createPublicKey(order.publicKeyPem)
  const issuerKey =
    order.issuer.certificatePem === undefined ? key : new X509Certificate(order.issuer.certificatePem).publicKey
  const facts: readonly (readonly [string, boolean])[] = [
    ['serial', seen.serialNumber.toLowerCase() === serial],
    ['key', seen.publicKey.equals(key)],
    ['signature', seen.verify(issuerKey)],
    ['first instant', seen.validFromDate.getTime() === lifetime.notBeforeMs],
    ['last instant', seen.validToDate.getTime() === lifetime.notAfterMs],
    ['kind', seen.ca === (use.kind === 'authority')],
    ['site', use.kind !== 'site' || seen.subjectAltName === `URI:${use.uri}`],
    ['hosts', use.kind !== 'server' || use.hosts.every((host) => isNamed(seen, host))],
  ]
  const wrong = facts.flatMap(([name, holds]) => (holds ? [] : [name]))
  if (wrong.length > 0) throw new Error(`a certificate was made with another ${wrong.join(', ')} than ordered`)
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined
}
