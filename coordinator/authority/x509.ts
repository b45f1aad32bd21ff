// Making one X.509 certificate: node-forge writes and signs it, and Node's own parser must read back what was meant
// before anyone gets it.

import { createPublicKey, generateKeyPair, randomBytes, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'

/** A private key, the certificate of its public half, and the certificates between it and the root; all PEM. */
export interface CertifiedKey {
  readonly privateKeyPem: string
  /** The key's own certificate first. */
  readonly chainPem: string
}

/** Milliseconds since 1970; certificates know whole seconds. */
export interface Lifetime {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** What a certificate may be used for. */
type CertificateUse =
  | { readonly kind: 'authority' /** How many authorities may follow below. */; readonly pathLength: number }
  | { readonly kind: 'site'; readonly uri: string }
  | { readonly kind: 'server' /** Host names and IP addresses. */; readonly hosts: readonly string[] }

export interface CertificateOrder {
  /** For people; identity is in the alternative names. At most 64 characters. */
  readonly commonName: string
  readonly publicKeyPem: string
  readonly use: CertificateUse
  readonly lifetime: Lifetime
  /** Whose key signs. Without `chainPem` the certificate signs itself. */
  readonly issuer: { readonly privateKeyPem: string; readonly chainPem?: string }
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

/** Signs a certificate with SHA-256; takes about a tenth of a second at 3072 bits. */
export function makeCertificate(order: CertificateOrder): MadeCertificate {
  const serial = newSerial()
  const certificate = forge.pki.createCertificate()
  const subject = [{ name: 'commonName', value: order.commonName }]
  const issuer = order.issuer.chainPem === undefined ? undefined : forge.pki.certificateFromPem(order.issuer.chainPem)
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

/** Whether a server with this certificate may be reached under each of `hosts` (names or IP addresses). */
export function isNamed(certificate: X509Certificate, hosts: readonly string[]): boolean {
  return hosts.every(
    (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined,
  )
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
  const issuerKey = order.issuer.chainPem === undefined ? key : new X509Certificate(order.issuer.chainPem).publicKey
  const facts: readonly (readonly [string, boolean])[] = [
    ['serial', seen.serialNumber.toLowerCase() === serial],
    ['key', seen.publicKey.equals(key)],
    ['signature', seen.verify(issuerKey)],
    ['first instant', seen.validFromDate.getTime() === lifetime.notBeforeMs],
    ['last instant', seen.validToDate.getTime() === lifetime.notAfterMs],
    ['kind', seen.ca === (use.kind === 'authority')],
    ['site', use.kind !== 'site' || seen.subjectAltName === `URI:${use.uri}`],
    ['hosts', use.kind !== 'server' || isNamed(seen, use.hosts)],
  ]
  const wrong = facts.flatMap(([name, holds]) => (holds ? [] : [name]))
  if (wrong.length > 0) throw new Error(`a certificate was made with another ${wrong.join(', ')} than ordered`)
}
