// The enrolment service: a site without a certificate shows the secret of its code and gets its first one. Guesses are
// hopeless (256 bits); the limit on attempts keeps a flood from costing us anything.

import type { Clock } from '../../shared/clock.ts'
import { type EnrolmentServiceServer, EnrolmentServiceService } from '../../shared/gen/sequela/v1/enrolment.ts'
import type { Log } from '../../shared/log.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxCsrBytes } from '../../shared/protocol/limits.ts'
import { anonymousUnary } from './handlers.ts'

export const enrolmentDefinition = EnrolmentServiceService

export interface EnrolmentPorts {
  readonly enrol: (secret: Uint8Array, csrPem: string) => Promise<{ readonly site: string; readonly chainPem: string }>
  readonly rootPem: string
  readonly federationAddress: () => string
  readonly clock: Clock
  readonly log: Log
}

/** Attempts in any minute, over all callers: a consortium enrols a handful of sites a year. */
const maxAttemptsPerMinute = 60

export function createEnrolmentService(ports: EnrolmentPorts): EnrolmentServiceServer {
  const attempts: number[] = []
  return {
    enrol: anonymousUnary(ports.log, 'Enrol', async ({ secret, csrPem }) => {
      const nowMs = ports.clock.now()
      while ((attempts[0] ?? nowMs) < nowMs - 60_000) attempts.shift()
      if (attempts.length >= maxAttemptsPerMinute)
        throw new SequelaError('too_busy', 'too many attempts; try again in a minute')
      attempts.push(nowMs)
      if (secret.byteLength !== 32) throw new SequelaError('invitation_invalid', 'the code holds no secret of 32 bytes')
      if (csrPem.length > maxCsrBytes) throw new SequelaError('csr_invalid', `a request may hold ${maxCsrBytes} bytes`)
      const { site, chainPem } = await ports.enrol(secret, csrPem)
      return {
        site,
        certificateChainPem: chainPem,
        rootPem: ports.rootPem,
        federationAddress: ports.federationAddress(),
      }
    }),
  }
}
