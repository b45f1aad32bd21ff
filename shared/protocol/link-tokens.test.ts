import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../digest.ts'
import { linkTokensMultiple, maxLinkTokens } from './limits.ts'
import {
  decodeLinkList,
  decodeLinkTokens,
  encodeLinkTokens,
  fingerprintInGroups,
  type LinkToken,
  parseKeyFingerprint,
  parseUncheckedReason,
} from './link-tokens.ts'

const tokenOf = (n: number): LinkToken => sha256(String(n)) as string as LinkToken
const some = (count: number): LinkToken[] => Array.from({ length: count }, (_, i) => tokenOf(i))
const refused = expect.objectContaining({ code: 'message_malformed' })

describe('tokens on the wire', () => {
  test('come back ascending, as they went', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { maxLength: 50 }), (numbers) => {
        const tokens = numbers.map(tokenOf)
        expect(decodeLinkTokens(encodeLinkTokens(tokens))).toEqual(tokens.toSorted())
      }),
    )
  })

  test('are 32 bytes each and in the order of their bytes', () => {
    const bytes = encodeLinkTokens([`ff${'0'.repeat(62)}`, `00${'1'.repeat(62)}`] as string[] as LinkToken[])
    expect([bytes.byteLength, bytes[0], bytes[32]]).toEqual([64, 0x00, 0xff])
  })

  const whole = encodeLinkTokens(some(64))
  const turned = Uint8Array.from([...whole.subarray(32, 64), ...whole.subarray(0, 32)])
  const damages: [string, Uint8Array][] = [
    ['half a token', whole.subarray(0, 48)],
    ['a token twice', Uint8Array.from([...whole.subarray(0, 32), ...whole.subarray(0, 32)])],
    ['tokens that are not ascending', turned],
    ['more than a hospital can have', new Uint8Array(32 * (maxLinkTokens + 1))],
  ]
  test.each(damages)('are refused: %s', (_what, bytes) => {
    expect(() => decodeLinkTokens(bytes)).toThrow(refused)
  })

  test.each([0, 1, linkTokensMultiple - 1, linkTokensMultiple + 1])(
    'a list of %i tells too much and is refused',
    (count) => {
      expect(() => decodeLinkList(encodeLinkTokens(some(count)))).toThrow(refused)
    },
  )

  test('a list that is filled up is taken', () => {
    expect(decodeLinkList(encodeLinkTokens(some(2 * linkTokensMultiple)))).toHaveLength(2 * linkTokensMultiple)
  })
})

test('a fingerprint is 20 digits, and is read out in groups of four', () => {
  expect(fingerprintInGroups(parseKeyFingerprint('0123456789abcdef0123'))).toBe('0123 4567 89ab cdef 0123')
  for (const text of ['', '0123456789ABCDEF0123', '0123456789abcdef012', '0123456789abcdef01234']) {
    expect(() => parseKeyFingerprint(text)).toThrow(refused)
  }
})

test('a site gives one of the fixed reasons for being unchecked, and no words of its own', () => {
  expect(parseUncheckedReason('no-key')).toBe('no-key')
  expect(() => parseUncheckedReason('sub-a has no number')).toThrow(refused)
})
