import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { authenticate, supersededGraceMs } from './authentication.ts'
import {
  type Certificate,
  emptyMembership,
  evolveMembership,
  type Membership,
  type MembershipEvent,
} from './membership.ts'
import { membershipMachine } from './membership-codec.ts'
import { certificateFor, decideMembership, type MembershipCommand, redeemable } from './membership-decisions.ts'

const minute = 60_000
const code = (name: string): Digest => sha256(`code ${name}`)
const request = (name: string): Digest => sha256(`request ${name}`)
const certificate = (site: string, serial: string, csr: string): Certificate => ({
  site,
  serial,
  csrDigest: request(csr),
  chainPem: `chain ${serial}`,
  notBeforeMs: 0,
  notAfterMs: 72 * 60 * minute,
})
const invite = (site: string, name: string): MembershipCommand => ({
  type: 'invite',
  site,
  codeHash: code(name),
  expiresAtMs: 10 * minute,
})
const redeem = (name: string, made: Certificate): MembershipCommand => ({
  type: 'redeem',
  codeHash: code(name),
  certificate: made,
})
const renew = (fromSerial: string, made: Certificate): MembershipCommand => ({
  type: 'renew',
  fromSerial,
  certificate: made,
})

/** Carries commands out one after another, as the command loop does; the last one's answer beside the state. */
function carryOut(
  commands: readonly (readonly [MembershipCommand, atMs: number])[],
  start: Membership = emptyMembership,
) {
  let state = start
  let last: ReturnType<typeof decideMembership> = { events: [] }
  for (const [command, atMs] of commands) {
    last = decideMembership(state, command, atMs)
    for (const event of last.events) state = evolveMembership(state, event, atMs)
  }
  return { state, ...last }
}

const enrolled = carryOut([
  [invite('boston', 'a'), 0],
  [redeem('a', certificate('boston', '0a', 'first')), minute],
]).state

describe('an invitation', () => {
  test('is good for one certificate, recorded by the event that uses it up', () => {
    const { events } = carryOut([
      [invite('boston', 'a'), 0],
      [redeem('a', certificate('boston', '0a', 'first')), minute],
    ])
    expect(events).toEqual([
      { type: 'certificate-issued', codeHash: code('a'), ...certificate('boston', '0a', 'first') },
    ])
  })

  test('answers the same request again with the same certificate, also after the code has run out', () => {
    const again = redeemable(enrolled, { codeHash: code('a'), csrDigest: request('first') }, 60 * minute)
    expect(again).toMatchObject({ kind: 'issued', certificate: { serial: '0a' } })
    const repeated = decideMembership(enrolled, redeem('a', certificate('boston', '0b', 'first')), 2 * minute)
    expect(repeated).toEqual({ events: [] })
  })

  test('refuses another request, and records once that somebody tried', () => {
    const first = carryOut([[redeem('a', certificate('boston', '0b', 'other')), 2 * minute]], enrolled)
    expect(first.refusal).toMatchObject({
      code: 'invitation_invalid',
      message: expect.stringContaining('used already'),
    })
    expect(first.events).toEqual([{ type: 'invitation-misused', codeHash: code('a'), csrDigest: request('other') }])
    const second = carryOut([[redeem('a', certificate('boston', '0c', 'third')), 3 * minute]], first.state)
    expect(second.refusal).toMatchObject({ code: 'invitation_invalid' })
    expect(second.events).toEqual([])
  })

  test('is refused in words when it is unknown, too old, or replaced by a newer one', () => {
    const { state } = carryOut([[invite('boston', 'a'), 0]])
    const asked = (membership: Membership, name: string, nowMs: number) =>
      redeemable(membership, { codeHash: code(name), csrDigest: request('first') }, nowMs)
    const refusedWith = (text: string): unknown => ({
      kind: 'refused',
      refusal: expect.objectContaining({ code: 'invitation_invalid', message: expect.stringContaining(text) }),
    })
    expect(asked(state, 'unknown', 0)).toEqual(refusedWith('not one of this coordinator'))
    expect(asked(state, 'a', 10 * minute - 1)).toEqual({ kind: 'open', site: 'boston' })
    expect(asked(state, 'a', 10 * minute)).toEqual(refusedWith('was good until 1970-01-01T00:10:00.000Z'))
    const replaced = carryOut([[invite('boston', 'b'), minute]], state).state
    expect(asked(replaced, 'a', minute)).toEqual(refusedWith('replaced by a newer one'))
    expect(asked(replaced, 'b', minute)).toEqual({ kind: 'open', site: 'boston' })
  })

  test('leaves the codes of other sites alone', () => {
    const { state } = carryOut([
      [invite('boston', 'a'), 0],
      [invite('toronto', 'b'), 0],
    ])
    const answer = redeemable(state, { codeHash: code('a'), csrDigest: request('x') }, 0)
    expect(answer).toEqual({ kind: 'open', site: 'boston' })
  })

  test('cannot be made for what is no site id', () => {
    const answer = decideMembership(emptyMembership, invite('Bos ton', 'a'), 0)
    expect(answer).toMatchObject({ events: [], refusal: { code: 'config_invalid' } })
  })
})

describe('a certificate', () => {
  const boston = { serial: '0a', site: 'boston' }

  test('speaks for its site from its first instant to its last', () => {
    expect(authenticate(enrolled, boston, 2 * minute)).toMatchObject(boston)
    const { notAfterMs } = certificate('boston', '0a', 'first')
    expect(authenticate(enrolled, boston, notAfterMs - 1)).toMatchObject(boston)
    expect(() => authenticate(enrolled, boston, notAfterMs)).toThrow(
      expect.objectContaining({ code: 'certificate_expired' }),
    )
    expect(() => authenticate(enrolled, boston, -1)).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
  })

  test('speaks for nobody when it is unknown or of another site', () => {
    const check = (serial: string, site: string): unknown => authenticate(enrolled, { serial, site }, minute)
    expect(() => check('ff', 'boston')).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
    expect(() => check('0a', 'toronto')).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })

  test('is renewed by its site while it is good; the old one is good for ten minutes more', () => {
    const { state, events } = carryOut([[renew('0a', certificate('boston', '0b', 'second')), 100 * minute]], enrolled)
    expect(events).toMatchObject([{ type: 'certificate-renewed', renewedFrom: '0a', serial: '0b' }])
    const end = 100 * minute + supersededGraceMs
    expect(authenticate(state, boston, end - 1)).toMatchObject(boston)
    expect(() => authenticate(state, boston, end)).toThrow(expect.objectContaining({ code: 'certificate_expired' }))
    expect(authenticate(state, { ...boston, serial: '0b' }, end)).toMatchObject({ serial: '0b' })
  })

  test('that replaced another does not lengthen what is left of that one', () => {
    const { state } = carryOut(
      [
        [renew('0a', certificate('boston', '0b', 'second')), 100 * minute],
        [renew('0a', certificate('boston', '0c', 'third')), 109 * minute],
      ],
      enrolled,
    )
    const end = 100 * minute + supersededGraceMs
    expect(() => authenticate(state, boston, end)).toThrow(expect.objectContaining({ code: 'certificate_expired' }))
    expect(certificateFor(state, 'boston', request('third'))).toMatchObject({ serial: '0c' })
    expect(certificateFor(state, 'boston', request('second'))).toBeUndefined()
  })

  test('is given again to the same request for renewal, whose answer was lost', () => {
    const { state } = carryOut([[renew('0a', certificate('boston', '0b', 'second')), 100 * minute]], enrolled)
    const again = carryOut([[renew('0a', certificate('boston', '0c', 'second')), 101 * minute]], state)
    expect(again).toMatchObject({ events: [] })
    expect(again.refusal).toBeUndefined()
    expect(certificateFor(again.state, 'boston', request('second'))).toMatchObject({ serial: '0b' })
  })

  test.each([
    ['its serial is unknown', renew('ff', certificate('boston', '0b', 'x')), minute, 'unauthenticated'],
    ['it is of another site', renew('0a', certificate('toronto', '0b', 'x')), minute, 'forbidden'],
    ['it has ended', renew('0a', certificate('boston', '0b', 'x')), 73 * 60 * minute, 'certificate_expired'],
  ])('is not renewed when %s', (_, command, atMs, refusalCode) => {
    expect(decideMembership(enrolled, command, atMs)).toMatchObject({ events: [], refusal: { code: refusalCode } })
  })
})

describe('the membership', () => {
  /** Any commands in any order, of two sites, three codes and four requests, each certificate with a serial of its own. */
  const steps = fc.array(
    fc.tuple(
      fc.constantFrom('invite', 'redeem', 'renew'),
      fc.constantFrom('boston', 'toronto'),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 8 * minute }),
    ),
    { maxLength: 40 },
  )

  test('never has two certificates for one code nor a used code without one, and replays to the same state', () => {
    fc.assert(
      fc.property(steps, (drawn) => {
        let state = emptyMembership
        let atMs = 0
        const events: (readonly [MembershipEvent, number])[] = []
        for (const [at, [kind, site, codeNumber, csr, waitedMs]] of drawn.entries()) {
          atMs += waitedMs
          const serial = (at + 16).toString(16)
          const name = `${site} ${codeNumber}`
          const made = { ...certificate(site, serial, `${site} ${csr}`), notAfterMs: atMs + 60 * minute }
          const command = {
            invite: { ...invite(site, name), expiresAtMs: atMs + 10 * minute } as MembershipCommand,
            redeem: redeem(name, made),
            renew: renew(state.latest.get(site) ?? 'ff', made),
          }[kind]
          for (const event of decideMembership(state, command, atMs).events) {
            state = evolveMembership(state, event, atMs)
            events.push([event, atMs])
          }
        }
        const issued = events.flatMap(([event]) => (event.type === 'certificate-issued' ? [event.codeHash] : []))
        expect(new Set(issued).size).toBe(issued.length)
        const used = [...state.invitations.values()].filter(({ use }) => use.status === 'redeemed')
        expect(used.map(({ codeHash }) => codeHash).sort()).toEqual([...issued].sort())
        for (const { use } of used) {
          if (use.status === 'redeemed') expect(state.certificates.has(use.serial)).toBe(true)
        }
        const { decode, encode } = membershipMachine
        const replayed = events.reduce(
          (sofar, [event, ms]) => evolveMembership(sofar, decode(event.type, encode(event)), ms),
          emptyMembership,
        )
        expect(replayed).toEqual(state)
      }),
    )
  })

  test.each([
    ['certificate-issued', '{}'],
    ['site-invited', 'no JSON'],
    ['site-invited', '[]'],
    ['site-invited', '{"site":"boston","codeHash":"ab","expiresAtMs":1}'],
    ['unheard-of', '{}'],
  ])('does not read a damaged event: %s %s', (type, body) => {
    expect(() => membershipMachine.decode(type, body)).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
  })
})
