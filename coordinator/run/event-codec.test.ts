import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { decodeRunEvent, encodeRunEvent, runEventTypes } from './event-codec.ts'
import type { RunEvent } from './run.ts'

const digest: fc.Arbitrary<Digest> = fc.nat().map((n) => sha256(String(n)))
const count = fc.nat({ max: 2 ** 48 })
const site = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,39}$/)
const words = fc.string({ unit: 'grapheme', maxLength: 100 })
const round = { studyDigest: digest, stage: count, round: count }
const finite = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })
const metric = fc.record({ name: fc.constant('brier' as const), sum: finite, count: finite, children: count })
const refusal = { ...round, site, code: fc.constant('not_finite' as const), reason: words }

const kind = <Type extends RunEvent['type']>(type: Type) => ({ type: fc.constant(type) })

/** One arbitrary for each type of event; a type without one is found by the test below. */
const arbitraries: { [Type in RunEvent['type']]: fc.Arbitrary<Extract<RunEvent, { type: Type }>> } = {
  'study-proposed': fc.record({ ...kind('study-proposed'), studyDigest: digest, text: words }),
  'run-started': fc.record({ ...kind('run-started'), studyDigest: digest, initialWeights: digest }),
  'round-opened': fc.record({
    ...kind('round-opened'),
    ...{ ...round, baseDigest: digest, deadlineMs: count, sites: fc.array(site, { minLength: 1 }) },
  }),
  'update-counted': fc.record({
    ...kind('update-counted'),
    ...{ ...round, site, updateDigest: digest, byteLength: count, children: count, norm: finite },
    metrics: fc.array(metric),
  }),
  'update-refused': fc.record({ ...kind('update-refused'), ...refusal }),
  'site-declined': fc.record({ ...kind('site-declined'), ...refusal }),
  'update-late': fc.record({ ...kind('update-late'), ...round, site, updateDigest: digest }),
  'quorum-missed': fc.record({ ...kind('quorum-missed'), ...round, counted: count }),
  'round-sealed': fc.record({
    ...kind('round-sealed'),
    ...{ ...round, counted: fc.array(site) },
    reason: fc.constantFrom('all-settled' as const, 'deadline' as const, 'quorum-reached' as const),
  }),
  'weights-published': fc.record({
    ...kind('weights-published'),
    ...{ ...round, weightsDigest: digest, clipped: fc.array(fc.tuple(site, finite)) },
    ...{ moments: fc.option(fc.record({ first: digest, second: digest }), { nil: undefined }) },
  }),
  'evaluation-reported': fc.record({ ...kind('evaluation-reported'), ...round, site, metrics: fc.array(metric) }),
  'stage-stopped': fc.record({
    ...{ ...kind('stage-stopped'), ...round, metric: fc.constant('log_loss' as const) },
    best: fc.record({ round: fc.integer({ min: -1, max: 99 }), value: finite }),
  }),
  'weights-chosen': fc.record({
    ...{ ...kind('weights-chosen'), ...round, weightsDigest: digest },
    choice: fc.option(
      fc.record({ round: count, metric: fc.constant('brier' as const), value: finite, count: finite, among: count }),
      { nil: undefined },
    ),
  }),
  'link-list-recorded': fc.record({
    ...{ ...kind('link-list-recorded'), studyDigest: digest, site, tokensDigest: digest },
    ...{ keyFingerprint: fc.stringMatching(/^[0-9a-f]{20}$/), tokens: fc.integer({ min: 1, max: 4096 }) },
    shared: fc.array(fc.tuple(site, fc.option(count, { nil: null }))),
  }),
  'site-unchecked': fc.record({
    ...{ ...kind('site-unchecked'), studyDigest: digest, site },
    reason: fc.constantFrom('no-key' as const, 'no-identifiers' as const),
  }),
  'run-finished': fc.record({ ...kind('run-finished'), studyDigest: digest, weightsDigest: digest }),
  'run-paused': fc.record({ ...kind('run-paused'), studyDigest: digest }),
  'run-resumed': fc.record({ ...kind('run-resumed'), studyDigest: digest, deadlineMs: count }),
  'run-cancelled': fc.record({ ...kind('run-cancelled'), studyDigest: digest, reason: words }),
}

describe('the codec of events', () => {
  test('knows every type of event', () => {
    expect(runEventTypes).toEqual(new Set(Object.keys(arbitraries)))
  })

  test.each(Object.entries(arbitraries))('gives back a %s as it was', (_type, arbitrary) => {
    fc.assert(
      fc.property<[RunEvent]>(arbitrary, (event) => {
        expect(decodeRunEvent(event.type, encodeRunEvent(event))).toEqual(event)
      }),
      { numRuns: 50 },
    )
  })

  test('spells an event in one way, whatever the order of its fields', () => {
    const studyDigest = sha256('s')
    const paused: RunEvent = { type: 'run-cancelled', reason: 'ä', studyDigest }
    expect(encodeRunEvent(paused)).toBe(`{"reason":"ä","studyDigest":"${studyDigest}"}`)
  })

  const counted = { studyDigest: sha256('s'), stage: 0, round: 0, site: 'a', updateDigest: sha256('u') }
  const whole = { ...counted, byteLength: 1, children: 1, norm: 1, metrics: [] }
  const damages: [string, object][] = [
    ['a digest of 63 digits', { ...whole, studyDigest: 'a'.repeat(63) }],
    ['a site that is no name', { ...whole, site: '../a' }],
    ['half a child', { ...whole, children: 0.5 }],
    ['a negative round', { ...whole, round: -1 }],
    ['a metric that does not exist', { ...whole, metrics: [{ name: 'luck', sum: 1, count: 1, children: 1 }] }],
    ['a missing norm', { ...whole, norm: undefined }],
    ['a norm in words', { ...whole, norm: 'large' }],
    ['a field too many', { ...whole, sender: 'a' }],
  ]
  test.each(damages)('refuses %s', (_name, body) => {
    expect(() => decodeRunEvent('update-counted', JSON.stringify(body))).toThrow(
      expect.objectContaining({ code: 'store_corrupt' }),
    )
  })
})
