import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { linkTokensMultiple } from '../../shared/protocol/limits.ts'
import { filledUp, linkTokenOf, normalisedIdentifier } from './tokens.ts'

const key = Buffer.alloc(32, 1)
const study = sha256('study')
const identifiers = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), {
  maxLength: 150,
  selector: normalisedIdentifier,
})

describe('an identifier', () => {
  test.each([
    ['blanks at its ends', ' 756.1234.5678.97\t', '756.1234.5678.97'],
    ['lower case', 'ab-12', 'AB-12'],
    ['full-width letters, as Japanese keyboards write them', 'ＡＢ－１２', 'AB-12'],
    ['an accent as a letter of its own', 'e\u0301-1', '\u00e9-1'],
    ['a blank that does not break', '\u00a0AB', 'AB'],
  ])('is the same with %s', (_what, one, other) => {
    expect(linkTokenOf(key, study, one)).toBe(linkTokenOf(key, study, other))
  })

  test.each([
    ['a leading nought', '0123', '123'],
    ['a hyphen', 'AB-12', 'AB12'],
    ['a blank inside', 'AB 12', 'AB12'],
  ])('is another one with %s', (_what, one, other) => {
    expect(linkTokenOf(key, study, one)).not.toBe(linkTokenOf(key, study, other))
  })

  test('in the agreed spelling stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const spelt = normalisedIdentifier(text)
        expect(normalisedIdentifier(spelt)).toBe(spelt)
      }),
      { numRuns: 2000 },
    )
  })

  test('has the hash that HMAC-SHA-256 gives in any other program', () => {
    // printf 'sequela link\n%s\nAB-12' $(printf study | sha256sum | cut -d' ' -f1) | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…
    expect(linkTokenOf(key, study, 'ab-12')).toBe('191a207c1a4e225dfd344692a31d25a6e327c143896b47a35b77dd2e7e713a6c')
  })

  test('has nothing in common between two studies or under two keys', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const token = linkTokenOf(key, study, text)
        expect(linkTokenOf(key, sha256('another'), text)).not.toBe(token)
        expect(linkTokenOf(Buffer.alloc(32, 2), study, text)).not.toBe(token)
      }),
    )
  })
})

describe('a list that leaves', () => {
  const tokensOf = (ids: readonly string[]) => ids.map((id) => linkTokenOf(key, study, id))

  test('holds every child, is ascending without repetition, and does not tell how many there are', () => {
    fc.assert(
      fc.property(identifiers, (ids) => {
        const list = filledUp(tokensOf(ids), Buffer.alloc(32, 9), study)
        expect(list.length).toBe(Math.max(1, Math.ceil(ids.length / linkTokensMultiple)) * linkTokensMultiple)
        expect(list).toEqual([...new Set(list)].toSorted())
        for (const token of tokensOf(ids)) expect(list).toContain(token)
      }),
    )
  })

  test('is the same every time, so that two lists do not show what was filled in', () => {
    fc.assert(
      fc.property(identifiers, (ids) => {
        const filling = Buffer.alloc(32, 9)
        expect(filledUp(tokensOf(ids.toReversed()), filling, study)).toEqual(filledUp(tokensOf(ids), filling, study))
      }),
    )
  })

  test('of two hospitals with the same key have no more in common than their children', () => {
    fc.assert(
      fc.property(identifiers, identifiers, (ours, theirs) => {
        const mine = new Set(filledUp(tokensOf(ours), Buffer.alloc(32, 8), study))
        const both = filledUp(tokensOf(theirs), Buffer.alloc(32, 9), study).filter((token) => mine.has(token))
        expect(both).toEqual(
          tokensOf(theirs)
            .filter((token) => tokensOf(ours).includes(token))
            .toSorted(),
        )
      }),
      { numRuns: 30 },
    )
  })
})
