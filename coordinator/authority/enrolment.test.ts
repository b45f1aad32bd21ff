import { beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { decodeEnrolmentCode } from '../../shared/protocol/enrolment-code.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { createKeyAndRequest } from '../../site-agent/identity.ts'
import { createJournaledMachines } from '../journaled-machines.ts'
import type { Journal } from '../store/journal.ts'
import { createMemoryJournal } from '../store/memory-journal.ts'
import type { Authority } from './authority.ts'
import { makeIssuing, makeRoot, makeSiteCertificate } from './certificates.ts'
import { createEnrolment, type Enrolment, invitationLifeMs } from './enrolment.ts'
import { membershipMachine } from './membership-codec.ts'
import type { CertifiedKey } from './x509.ts'

const minute = 60_000
const start = Date.UTC(2030, 0, 1)

let issuing: CertifiedKey
let requests: readonly string[]
beforeAll(async () => {
  const terms = { keyBits: 2048, nowMs: start }
  issuing = await makeIssuing(await makeRoot('plgg', terms), terms)
  requests = await Promise.all([0, 1, 2].map(async () => (await createKeyAndRequest('boston', 2048)).csrPem))
})

const request = (which: number): string => requests[which] ?? ''

/** A coordinator's enrolment over a journal that outlives it; `start` again stands for a restart. */
function coordinatorOn(journal: Pick<Journal, 'append' | 'read' | 'verify'>, clock: { now(): number }) {
  const machines = createJournaledMachines({ journal, clock, onFatal: () => {} })
  const membership = machines.attach(membershipMachine)
  machines.replay()
  const authority: Pick<Authority, 'issueSite' | 'rootFingerprint'> = {
    rootFingerprint: sha256('root'),
    issueSite: (order) => makeSiteCertificate(issuing, { domain: 'plgg', ...order }),
  }
  return {
    membership,
    ...createEnrolment({ authority, membership, clock, address: () => 'coordinator.example.org:8444' }),
  }
}

async function secretFor(enrolment: Enrolment, site: string): Promise<Uint8Array> {
  return decodeEnrolmentCode(await enrolment.invite(site)).secret
}

describe('enrolment', () => {
  test('turns a code and a request into a certificate of the invited site', async () => {
    const coordinator = coordinatorOn(createMemoryJournal(), { now: () => start })
    const code = decodeEnrolmentCode(await coordinator.invite('boston'))
    expect(code).toMatchObject({ address: 'coordinator.example.org:8444', rootFingerprint: sha256('root') })
    const certificate = await coordinator.enrol(code.secret, request(0))
    expect(certificate.site).toBe('boston')
    expect(coordinator.membership.state().latest.get('boston')).toBe(certificate.serial)
  })

  test('answers the same request the same, however often, at once, and after a restart', async () => {
    const journal = createMemoryJournal()
    const clock = { now: () => start }
    const coordinator = coordinatorOn(journal, clock)
    const secret = await secretFor(coordinator, 'boston')
    const together = await Promise.all([coordinator.enrol(secret, request(0)), coordinator.enrol(secret, request(0))])
    const later = await coordinatorOn(journal, clock).enrol(secret, request(0))
    expect(new Set([...together, later].map(({ serial }) => serial)).size).toBe(1)
    expect([...journal.read()].map(({ type }) => type)).toEqual(['site-invited', 'certificate-issued'])
  })

  test('refuses a used code to another request, and writes down that it was tried', async () => {
    const journal = createMemoryJournal()
    const coordinator = coordinatorOn(journal, { now: () => start })
    const secret = await secretFor(coordinator, 'boston')
    const both = await Promise.allSettled([
      coordinator.enrol(secret, request(0)),
      coordinator.enrol(secret, request(1)),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(coordinator.enrol(secret, request(2))).rejects.toMatchObject({ code: 'invitation_invalid' })
    expect([...journal.read()].map(({ type }) => type)).toEqual([
      'site-invited',
      'certificate-issued',
      'invitation-misused',
    ])
  })

  test('does not use a code up for a request that is no good', async () => {
    const coordinator = coordinatorOn(createMemoryJournal(), { now: () => start })
    const secret = await secretFor(coordinator, 'boston')
    await expect(coordinator.enrol(secret, 'no request')).rejects.toMatchObject({ code: 'csr_invalid' })
    await expect(coordinator.enrol(secret, request(0))).resolves.toMatchObject({ site: 'boston' })
  })

  test('knows neither unknown codes nor old ones', async () => {
    let nowMs = start
    const coordinator = coordinatorOn(createMemoryJournal(), { now: () => nowMs })
    const secret = await secretFor(coordinator, 'boston')
    const other = new Uint8Array(32)
    await expect(coordinator.enrol(other, request(0))).rejects.toMatchObject({ code: 'invitation_invalid' })
    nowMs += invitationLifeMs
    await expect(coordinator.enrol(secret, request(0))).rejects.toMatchObject({ code: 'invitation_invalid' })
  })

  test('keeps no secret: the journal does not hold the code', async () => {
    const journal = createMemoryJournal()
    const secret = await secretFor(coordinatorOn(journal, { now: () => start }), 'boston')
    const written = JSON.stringify([...journal.read()])
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(written).not.toContain(Buffer.from(secret).toString(encoding))
    }
  })

  test.each(['before', 'after'] as const)('leads to one certificate when killed just %s recording it', async (when) => {
    const journal = createMemoryJournal()
    const clock = { now: () => start }
    const secret = await secretFor(coordinatorOn(journal, clock), 'boston')
    const dying: Pick<Journal, 'append' | 'read' | 'verify'> = {
      ...journal,
      append: (records) => {
        if (when === 'after') journal.append(records)
        throw new Error('killed')
      },
    }
    await expect(coordinatorOn(dying, clock).enrol(secret, request(0))).rejects.toMatchObject({ code: 'internal' })
    const certificate = await coordinatorOn(journal, clock).enrol(secret, request(0))
    const issued = [...journal.read()].filter(({ type }) => type === 'certificate-issued')
    expect(issued.map(({ body }) => JSON.parse(body).serial)).toEqual([certificate.serial])
  })

  test('leaves the code good when the disk was full', async () => {
    const journal = createMemoryJournal()
    const clock = { now: () => start }
    const secret = await secretFor(coordinatorOn(journal, clock), 'boston')
    let full = true
    const tight: Pick<Journal, 'append' | 'read' | 'verify'> = {
      ...journal,
      append: (records) => {
        if (full) throw new SequelaError('disk_full', 'full')
        return journal.append(records)
      },
    }
    const coordinator = coordinatorOn(tight, clock)
    await expect(coordinator.enrol(secret, request(0))).rejects.toMatchObject({ code: 'disk_full' })
    full = false
    await expect(coordinator.enrol(secret, request(0))).resolves.toMatchObject({ site: 'boston' })
  })
})

describe('renewal', () => {
  test('gives a site that shows a good certificate its next one, the same for the same request', async () => {
    let nowMs = start
    const coordinator = coordinatorOn(createMemoryJournal(), { now: () => nowMs })
    const first = await coordinator.enrol(await secretFor(coordinator, 'boston'), request(0))
    nowMs += 48 * 60 * minute
    const second = await coordinator.renew(first, request(1))
    expect(second.serial).not.toBe(first.serial)
    expect(second.notAfterMs).toBe(nowMs + 72 * 60 * minute)
    expect(await coordinator.renew(first, request(1))).toEqual(second)
  })

  test('is refused to a certificate that has ended, before anything is signed', async () => {
    let nowMs = start
    const coordinator = coordinatorOn(createMemoryJournal(), { now: () => nowMs })
    const first = await coordinator.enrol(await secretFor(coordinator, 'boston'), request(0))
    nowMs = first.notAfterMs
    await expect(coordinator.renew(first, request(1))).rejects.toMatchObject({ code: 'certificate_expired' })
    await expect(coordinator.renew({ serial: 'ff', site: 'boston' }, request(1))).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })
})
