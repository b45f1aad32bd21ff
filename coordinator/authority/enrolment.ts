// How a site gets its certificates. The order that matters: look the code or the old certificate up, make the new one,
// record it, and only then answer with what the journal says. A request that is repeated hears the same answer.

import { randomBytes } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { encodeEnrolmentCode, enrolmentSecretBytes, enrolmentSecretHash } from '../../shared/protocol/enrolment-code.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { JournaledMachine } from '../journaled-machines.ts'
import { authenticate, type PeerCertificate } from './authentication.ts'
import type { Authority } from './authority.ts'
import { decodeRequest } from './certificate-request.ts'
import type { Certificate, KnownCertificate, Membership, MembershipEvent } from './membership.ts'
import { certificateFor, type MembershipCommand, redeemable } from './membership-decisions.ts'

export interface EnrolmentDeps {
  readonly authority: Pick<Authority, 'issueSite' | 'rootFingerprint'>
  readonly membership: Pick<JournaledMachine<Membership, MembershipCommand, MembershipEvent>, 'state' | 'handle'>
  readonly clock: Clock
  /** host:port of the enrolment service, as sites reach it; asked for when a code is made. */
  readonly address: () => string
}

export interface Enrolment {
  /** A code for a site, to be pasted there within ten minutes. @throws SequelaError `config_invalid`. */
  invite(site: string): Promise<string>
  /** @throws SequelaError `invitation_invalid`, `csr_invalid`, `certificate_expired`, `disk_full`. */
  enrol(secret: Uint8Array, csrPem: string): Promise<Certificate>
  /** @throws SequelaError `unauthenticated`, `forbidden`, `certificate_expired`, `csr_invalid`, `disk_full`. */
  renew(peer: PeerCertificate, csrPem: string): Promise<Certificate>
}

/** Long enough to walk to another desk, too short for a code to lie about. */
export const invitationLifeMs = 10 * 60_000

export function createEnrolment({ authority, membership, clock, address }: EnrolmentDeps): Enrolment {
  return {
    invite: async (site) => {
      const secret = randomBytes(enrolmentSecretBytes)
      const code = encodeEnrolmentCode({ address: address(), rootFingerprint: authority.rootFingerprint, secret })
      const expiresAtMs = clock.now() + invitationLifeMs
      await membership.handle({ type: 'invite', site, codeHash: enrolmentSecretHash(secret), expiresAtMs })
      return code
    },

    enrol: async (secret, csrPem) => {
      const request = decodeRequest(csrPem)
      const shown = { codeHash: enrolmentSecretHash(secret), csrDigest: request.digest }
      const answer = redeemable(membership.state(), shown, clock.now())
      if (answer.kind === 'refused') {
        await membership.handle({ type: 'report-misuse', ...shown })
        throw answer.refusal
      }
      if (answer.kind === 'issued') return answer.certificate
      const certificate = authority.issueSite({ site: answer.site, request, nowMs: clock.now() })
      await membership.handle({ type: 'redeem', codeHash: shown.codeHash, certificate })
      return asRecorded(membership.state(), certificate)
    },

    renew: async (peer, csrPem) => {
      authenticate(membership.state(), peer, clock.now())
      const request = decodeRequest(csrPem)
      const known = certificateFor(membership.state(), peer.site, request.digest)
      if (known !== undefined) return known
      const certificate = authority.issueSite({ site: peer.site, request, nowMs: clock.now() })
      await membership.handle({ type: 'renew', fromSerial: peer.serial, certificate })
      return asRecorded(membership.state(), certificate)
    },
  }
}

/** The certificate of that request in the journal; when the same was asked twice at once, the other one's. */
function asRecorded(state: Membership, { site, csrDigest }: Certificate): KnownCertificate {
  const certificate = certificateFor(state, site, csrDigest)
  if (certificate !== undefined) return certificate
  throw new SequelaError('too_busy', `another certificate for ${site} was made at the same time; try again`)
}
