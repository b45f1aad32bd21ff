// Whether a certificate speaks for a site at this moment. Asked at every call, because TLS looks at a certificate only
// once and a connection may outlive it.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { KnownCertificate, Membership } from './membership.ts'

/** What a peer's certificate says of itself. */
export interface PeerCertificate {
  /** Lower-case hexadecimal digits. */
  readonly serial: string
  readonly site: string
}

/** How long a certificate is good after the site got its next one: calls that are under way, and an answer that was lost. */
export const supersededGraceMs = 10 * 60_000

/**
 * The certificate, if it is known, the site's own, and good at `nowMs`. Revocation will be one more line in `standingOf`.
 * @throws SequelaError `unauthenticated`, `forbidden` or `certificate_expired`, each saying what the site is to do.
 */
export function authenticate(state: Membership, peer: PeerCertificate, nowMs: number): KnownCertificate {
  const standing = standingOf(state, peer, nowMs)
  if (standing instanceof SequelaError) throw standing
  return standing
}

/** The same answer as a value: the certificate, or why it is not good. */
export function standingOf(state: Membership, peer: PeerCertificate, nowMs: number): KnownCertificate | SequelaError {
  const certificate = state.certificates.get(peer.serial)
  if (certificate === undefined) {
    return new SequelaError('unauthenticated', 'this coordinator did not issue the certificate; enrol with a new code')
  }
  if (certificate.site !== peer.site) {
    return new SequelaError('forbidden', `the certificate was issued to another site than ${peer.site}`)
  }
  if (nowMs < certificate.notBeforeMs) {
    const day = new Date(certificate.notBeforeMs).toISOString()
    return new SequelaError('unauthenticated', `the certificate is not good before ${day}; is a clock wrong?`)
  }
  const endMs = endOfLife(certificate)
  if (nowMs >= endMs) {
    const day = new Date(endMs).toISOString()
    return new SequelaError('certificate_expired', `the certificate was good until ${day}; enrol with a new code`)
  }
  return certificate
}

function endOfLife({ notAfterMs, supersededAtMs }: KnownCertificate): number {
  return supersededAtMs === undefined ? notAfterMs : Math.min(notAfterMs, supersededAtMs + supersededGraceMs)
}
