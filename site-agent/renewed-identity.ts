// The identity that the next connection is made under: renewed first when that is due, and refused when its time is over,
// since no coordinator lets an ended certificate in, not even to renew it.

import type { Clock } from '../shared/clock.ts'
import type { Log } from '../shared/log.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { createKeyAndRequest } from './identity.ts'
import { certificateLife, readIdentity, renewalDueMs, type SiteIdentity, writeIdentity } from './identity-file.ts'

export interface RenewalDeps {
  readonly identityFile: string
  readonly clock: Clock
  /** In [0, 1); see `renewalDueMs`. */
  readonly jitter: number
  readonly log: Log
  /** Asks the coordinator, under the identity in force, for a certificate for a new key. */
  readonly renew: (identity: SiteIdentity, csrPem: string) => Promise<string>
}

/** @throws SequelaError `certificate_expired`, `config_invalid`. */
export async function renewedIdentity({ identityFile, clock, jitter, log, renew }: RenewalDeps): Promise<SiteIdentity> {
  const identity = await readIdentity(identityFile)
  const life = certificateLife(identity)
  const nowMs = clock.now()
  if (nowMs > life.notAfterMs) throw expired(identity, life.notAfterMs)
  if (nowMs < life.notBeforeMs) throw notYet(identity, life.notBeforeMs)
  if (nowMs < renewalDueMs(life, jitter)) return identity
  const { privateKeyPem, csrPem } = await createKeyAndRequest(identity.site)
  const certificateChainPem = await renew(identity, csrPem).catch((error: unknown) => {
    log.warn('certificate-not-renewed', { site: identity.site, code: SequelaError.from(error).code })
  })
  // The one in force is good until its end: a coordinator that cannot issue just now may still let it in.
  if (certificateChainPem === undefined) return identity
  const renewed = { ...identity, privateKeyPem, certificateChainPem }
  await writeIdentity(identityFile, renewed)
  log.info('certificate-renewed', { site: identity.site })
  return renewed
}

/** A clock that is behind would find the coordinator's certificate not good yet either. */
function notYet({ site }: SiteIdentity, notBeforeMs: number): SequelaError {
  const since = new Date(notBeforeMs).toISOString()
  const message = `the certificate of ${site} is good only from ${since}; this machine's clock is behind: ask IT to set it`
  return new SequelaError('certificate_expired', message)
}

function expired({ site }: SiteIdentity, notAfterMs: number): SequelaError {
  return new SequelaError(
    'certificate_expired',
    `the certificate of ${site} ended ${new Date(notAfterMs).toISOString()} and was not renewed in time; ask the ` +
      "coordinator's operator for a new code, stop the agent and enrol again with it, or correct this machine's clock",
  )
}
