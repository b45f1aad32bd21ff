// Who belongs to the consortium: invitations and certificates, as events and the state they add up to. A code is used up
// by the same event that records the certificate it led to, so there is never a used code without a certificate nor a
// second certificate for one code, wherever the process is killed.

import type { Digest } from '../../shared/digest.ts'

/** A code that was given out. `codeHash` is SHA-256 of its secret, which is not kept. */
interface Invitation {
  readonly site: string
  readonly codeHash: Digest
  readonly expiresAtMs: number
  readonly use:
    | { readonly status: 'open' }
    /** A newer code was made for the same site. */
    | { readonly status: 'replaced' }
    /** `misused`: somebody tried the code again with another key. */
    | { readonly status: 'redeemed'; readonly serial: string; readonly misused: boolean }
}

/** A certificate of a site; times in ms since 1970, `serial` as lower-case hexadecimal digits. */
export interface Certificate {
  readonly site: string
  readonly serial: string
  /** SHA-256 of the request's DER bytes: the same request gets the same certificate. */
  readonly csrDigest: Digest
  /** The certificate and the issuing one, in that order. */
  readonly chainPem: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

export interface KnownCertificate extends Certificate {
  /** When a later certificate of the site was recorded; undefined for its latest. */
  readonly supersededAtMs: number | undefined
}

export interface Membership {
  /** By code hash. */
  readonly invitations: ReadonlyMap<Digest, Invitation>
  /** By serial. */
  readonly certificates: ReadonlyMap<string, KnownCertificate>
  /** Serial of each site's latest certificate. */
  readonly latest: ReadonlyMap<string, string>
}

export type MembershipEvent =
  | { readonly type: 'site-invited'; readonly site: string; readonly codeHash: Digest; readonly expiresAtMs: number }
  | ({ readonly type: 'certificate-issued'; readonly codeHash: Digest } & Certificate)
  | ({ readonly type: 'certificate-renewed'; readonly renewedFrom: string } & Certificate)
  | { readonly type: 'invitation-misused'; readonly codeHash: Digest; readonly csrDigest: Digest }

export const emptyMembership: Membership = { invitations: new Map(), certificates: new Map(), latest: new Map() }

export function evolveMembership(state: Membership, event: MembershipEvent, atMs: number): Membership {
  switch (event.type) {
    case 'site-invited': {
      const { type: _, ...invited } = event
      const invitations = new Map(state.invitations)
      for (const other of state.invitations.values()) {
        if (other.site === event.site && other.use.status === 'open') {
          invitations.set(other.codeHash, { ...other, use: { status: 'replaced' } })
        }
      }
      return { ...state, invitations: invitations.set(event.codeHash, { ...invited, use: { status: 'open' } }) }
    }
    case 'certificate-issued': {
      const { type: _, codeHash, ...certificate } = event
      const use = { status: 'redeemed', serial: certificate.serial, misused: false } as const
      return withCertificate(withUse(state, codeHash, use), certificate, atMs)
    }
    case 'certificate-renewed': {
      const { type: _, renewedFrom: __, ...certificate } = event
      return withCertificate(state, certificate, atMs)
    }
    case 'invitation-misused': {
      const use = state.invitations.get(event.codeHash)?.use
      if (use?.status !== 'redeemed') throw new Error('a code that was not used cannot have been misused')
      return withUse(state, event.codeHash, { ...use, misused: true })
    }
  }
}

function withUse(state: Membership, codeHash: Digest, use: Invitation['use']): Membership {
  const invitation = state.invitations.get(codeHash)
  if (invitation === undefined) throw new Error('a code was used that was never given out')
  return { ...state, invitations: new Map(state.invitations).set(codeHash, { ...invitation, use }) }
}

function withCertificate(state: Membership, certificate: Certificate, atMs: number): Membership {
  const certificates = new Map(state.certificates)
  const previous = certificates.get(state.latest.get(certificate.site) ?? '')
  if (previous !== undefined) certificates.set(previous.serial, { ...previous, supersededAtMs: atMs })
  certificates.set(certificate.serial, { ...certificate, supersededAtMs: undefined })
  return { ...state, certificates, latest: new Map(state.latest).set(certificate.site, certificate.serial) }
}
