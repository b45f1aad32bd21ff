// What may happen to the membership: who is invited, what a code is good for, who may renew. Pure: certificates are made
// before and only recorded here, where one command is decided at a time.

import type { Digest } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { refusalOfSiteId } from '../../shared/protocol/identity.ts'
import { standingOf } from './authentication.ts'
import type { Certificate, KnownCertificate, Membership, MembershipEvent } from './membership.ts'

export type MembershipCommand =
  | { readonly type: 'invite'; readonly site: string; readonly codeHash: Digest; readonly expiresAtMs: number }
  /** Records the certificate that was made for a code; `csrDigest` is the certificate's. */
  | { readonly type: 'redeem'; readonly codeHash: Digest; readonly certificate: Certificate }
  | { readonly type: 'renew'; readonly fromSerial: string; readonly certificate: Certificate }
  /** Somebody showed a code with another request than the one it was used with. */
  | { readonly type: 'report-misuse'; readonly codeHash: Digest; readonly csrDigest: Digest }

export interface MembershipDecision {
  readonly events: readonly MembershipEvent[]
  readonly refusal?: SequelaError
}

/** What a command leads to. What was carried out before leads to nothing, and is no refusal. */
export function decideMembership(state: Membership, command: MembershipCommand, nowMs: number): MembershipDecision {
  switch (command.type) {
    case 'invite':
      return invite(state, command)
    case 'redeem': {
      const { codeHash, certificate } = command
      const answer = redeemable(state, { codeHash, csrDigest: certificate.csrDigest }, nowMs)
      if (answer.kind === 'refused') return refusedRedemption(state, command, answer.refusal)
      if (answer.kind === 'issued') return { events: [] }
      return recorded(state, certificate, answer.site, { type: 'certificate-issued', codeHash, ...certificate })
    }
    case 'renew': {
      const { fromSerial, certificate } = command
      const standing = standingOf(state, { serial: fromSerial, site: certificate.site }, nowMs)
      if (standing instanceof SequelaError) return { events: [], refusal: standing }
      if (certificateFor(state, certificate.site, certificate.csrDigest) !== undefined) return { events: [] }
      const event = { type: 'certificate-renewed', renewedFrom: fromSerial, ...certificate } as const
      return recorded(state, certificate, certificate.site, event)
    }
    case 'report-misuse':
      return misuse(state, command.codeHash, command.csrDigest)
  }
}

/** What a code is good for, when it is shown together with a request. */
export type Redemption =
  | { readonly kind: 'open'; readonly site: string }
  /** The same request was answered before; the answer stands. */
  | { readonly kind: 'issued'; readonly certificate: KnownCertificate }
  | { readonly kind: 'refused'; readonly refusal: SequelaError }

/** Looks a code up; asked before a certificate is made, and again when it is recorded. */
export function redeemable(
  state: Membership,
  { codeHash, csrDigest }: { readonly codeHash: Digest; readonly csrDigest: Digest },
  nowMs: number,
): Redemption {
  const invitation = state.invitations.get(codeHash)
  if (invitation === undefined) return refused('is not one of this coordinator; ask its operator for a new one')
  const { use, site, expiresAtMs } = invitation
  if (use.status === 'replaced') return refused(`was replaced by a newer one for ${site}; use that one`)
  if (use.status === 'redeemed') {
    const certificate = state.certificates.get(use.serial)
    if (certificate?.csrDigest === csrDigest && nowMs < certificate.notAfterMs) return { kind: 'issued', certificate }
    return refused(`was used already; if that was not you, tell the coordinator's operator, else ask for a new one`)
  }
  if (nowMs >= expiresAtMs) {
    return refused(
      `was good until ${new Date(expiresAtMs).toISOString()}; ask the coordinator's operator for a new one`,
    )
  }
  return { kind: 'open', site }
}

/** The site's certificate for exactly this request, if there is one. */
export function certificateFor(state: Membership, site: string, csrDigest: Digest): KnownCertificate | undefined {
  const certificate = state.certificates.get(state.latest.get(site) ?? '')
  return certificate?.csrDigest === csrDigest ? certificate : undefined
}

function invite(state: Membership, command: MembershipCommand & { type: 'invite' }): MembershipDecision {
  const { site, codeHash, expiresAtMs } = command
  const refusal = refusalOfSiteId(site)
  if (refusal !== undefined) return { events: [], refusal }
  if (state.invitations.has(codeHash)) return { events: [] }
  return { events: [{ type: 'site-invited', site, codeHash, expiresAtMs }] }
}

function refusedRedemption(
  state: Membership,
  { codeHash, certificate }: MembershipCommand & { type: 'redeem' },
  refusal: SequelaError,
): MembershipDecision {
  return { ...misuse(state, codeHash, certificate.csrDigest), refusal }
}

/** Recorded once a code: who knows one code shall not fill the journal. */
function misuse(state: Membership, codeHash: Digest, csrDigest: Digest): MembershipDecision {
  const use = state.invitations.get(codeHash)?.use
  if (use?.status !== 'redeemed' || use.misused) return { events: [] }
  if (state.certificates.get(use.serial)?.csrDigest === csrDigest) return { events: [] }
  return { events: [{ type: 'invitation-misused', codeHash, csrDigest }] }
}

/** The certificates come from our own authority: what does not fit is a bug. */
function recorded(
  state: Membership,
  certificate: Certificate,
  site: string,
  event: MembershipEvent,
): MembershipDecision {
  if (certificate.site !== site) throw new Error(`a certificate for ${certificate.site} was made for a code of ${site}`)
  if (state.certificates.has(certificate.serial)) throw new Error(`serial ${certificate.serial} was drawn twice`)
  return { events: [event] }
}

function refused(why: string): Redemption & { kind: 'refused' } {
  return { kind: 'refused', refusal: new SequelaError('invitation_invalid', `the enrolment code ${why}`) }
}
