// The four kinds of certificate and how long each lives: the root, the issuing key below it, the coordinator's server,
// the sites. A life is short where a stolen key does harm and renewal is easy, and never longer than the issuer's.

import { X509Certificate } from 'node:crypto'
import { siteUri } from '../../shared/protocol/identity.ts'
import { type CertificateRequest, checkRequest } from './certificate-request.ts'
import type { Certificate } from './membership.ts'
import { type CertifiedKey, type Lifetime, makeCertificate, makeKey } from './x509.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const rootLifeMs = 3650 * dayMs
export const issuingLifeMs = 90 * dayMs
export const serverLifeMs = 30 * dayMs
const siteLifeMs = 72 * hourMs

/** Certificates begin this much in the past, for sites whose clocks are behind. */
const skewMs = 5 * 60_000

/** Length of the RSA keys made here, and the time in ms since 1970. */
export interface KeyTerms {
  readonly keyBits: number
  readonly nowMs: number
}

/** The root of a consortium's trust. Sites pin it, so it is never replaced. */
export async function makeRoot(domain: string, { keyBits, nowMs }: KeyTerms): Promise<CertifiedKey> {
  const { publicKeyPem, privateKeyPem } = await makeKey(keyBits)
  const { certificatePem } = makeCertificate({
    commonName: commonName(`Sequela root ${domain}`),
    publicKeyPem,
    use: { kind: 'authority', pathLength: 1 },
    lifetime: lifetime(nowMs, rootLifeMs),
    issuer: { privateKeyPem },
  })
  return { privateKeyPem, chainPem: certificatePem }
}

/** The key that signs from day to day, certified by the root. Its name says when it was made, so that no two share one. */
export async function makeIssuing(root: CertifiedKey, { keyBits, nowMs }: KeyTerms): Promise<CertifiedKey> {
  const { publicKeyPem, privateKeyPem } = await makeKey(keyBits)
  const { certificatePem } = makeCertificate({
    commonName: commonName(`Sequela issuing ${new Date(nowMs).toISOString()}`),
    publicKeyPem,
    use: { kind: 'authority', pathLength: 0 },
    lifetime: lifetime(nowMs, issuingLifeMs, root),
    issuer: root,
  })
  return { privateKeyPem, chainPem: certificatePem }
}

/** The coordinator's own certificate, good for every name and address in `hosts`. */
export async function makeServer(
  issuing: CertifiedKey,
  hosts: readonly string[],
  { keyBits, nowMs }: KeyTerms,
): Promise<CertifiedKey> {
  const { publicKeyPem, privateKeyPem } = await makeKey(keyBits)
  const { certificatePem } = makeCertificate({
    commonName: commonName(`Sequela coordinator ${hosts[0]}`),
    publicKeyPem,
    use: { kind: 'server', hosts },
    lifetime: lifetime(nowMs, serverLifeMs, issuing),
    issuer: issuing,
  })
  return { privateKeyPem, chainPem: certificatePem + issuing.chainPem }
}

/** A site's certificate for the key in its request. @throws SequelaError `csr_invalid`. */
export function makeSiteCertificate(
  issuing: CertifiedKey,
  { domain, site, request, nowMs }: { domain: string; site: string; request: CertificateRequest; nowMs: number },
): Certificate {
  const publicKeyPem = checkRequest(request)
  const life = lifetime(nowMs, siteLifeMs, issuing)
  const { certificatePem, serial } = makeCertificate({
    commonName: commonName(site),
    publicKeyPem,
    use: { kind: 'site', uri: siteUri({ domain, site }) },
    lifetime: life,
    issuer: issuing,
  })
  return { site, serial, csrDigest: request.digest, chainPem: certificatePem + issuing.chainPem, ...life }
}

/** Last instant of a certificate (the first of a chain) in ms since 1970. */
export function endOf(chainPem: string): number {
  return new X509Certificate(chainPem).validToDate.getTime()
}

/** Certificates know whole seconds. */
function lifetime(nowMs: number, lifeMs: number, issuer?: CertifiedKey): Lifetime {
  const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000
  const latestMs = issuer === undefined ? Number.POSITIVE_INFINITY : endOf(issuer.chainPem)
  return { notBeforeMs: wholeSecond(nowMs - skewMs), notAfterMs: Math.min(wholeSecond(nowMs + lifeMs), latestMs) }
}

/** X.509 allows 64 characters (RFC 5280, ub-common-name). */
function commonName(text: string): string {
  return text.slice(0, 64)
}
