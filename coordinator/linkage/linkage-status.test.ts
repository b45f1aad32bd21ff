import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import type { LinkWord, RunLinkage } from '../run/run.ts'
import { smallStudy } from '../run/testsupport/small-study.ts'
import { linkageLines, linkageStatus, startedUnlinked } from './linkage-status.ts'

const { study } = smallStudy({ sites: ['c', 'a', 'b', 'd'], quorum: 2, stages: [1], linkage: true })
const list = (keyFingerprint: string): LinkWord => ({
  ...{ kind: 'list', keyFingerprint, tokensDigest: sha256('list'), tokens: 64, times: 1 },
})
const [oneKey, otherKey] = ['0123456789abcdef0123', 'ffff56789abcdef01234']

function statusOf(words: Record<string, LinkWord>, pairs: RunLinkage['pairs'] = []) {
  return linkageStatus({ study, linkage: { lists: [], words: new Map(Object.entries(words)), pairs } })
}

describe('the check for children in two hospitals, in a status', () => {
  test('names every site once: compared, unchecked with the reason, or not heard yet', () => {
    const status = statusOf({ a: list(oneKey), b: { kind: 'unchecked', reason: 'no-identifiers', times: 1 } })
    expect(status.sites.map(({ site, state }) => [site, state])).toEqual([
      ['a', 'compared'],
      ['b', 'unchecked'],
      ['c', 'silent'],
      ['d', 'silent'],
    ])
    expect(linkageLines(status)).toEqual([
      'children in two hospitals: compared a',
      '  b: unchecked, it has no identifiers that hospitals share (tables.linkage in site.yaml)',
      '  not heard yet: c, d',
    ])
  })

  test('shows how many children two sites share, and of smaller numbers only that they are smaller', () => {
    const words = { a: list(oneKey), b: list(oneKey), c: list(oneKey) }
    const lines = linkageLines(
      statusOf(words, [
        { sites: ['b', 'c'], children: null },
        { sites: ['a', 'b'], children: 7 },
      ]),
    )
    expect(lines).toContain('  a and b share 7')
    expect(lines).toContain('  other pairs share fewer than 5')
    expect(lines.join('\n')).not.toContain('b and c')
  })

  test('says loudly that keys differ, and whose', () => {
    const lines = linkageLines(statusOf({ a: list(oneKey), b: list(oneKey), c: list(otherKey) })).join('\n')
    expect(lines).toMatch(/KEYS DIFFER/)
    expect(lines).toContain('0123 4567 89ab cdef 0123: a, b')
    expect(lines).toContain('ffff 5678 9abc def0 1234: c')
    expect(linkageLines(statusOf({ a: list(oneKey), b: list(oneKey) })).join('\n')).not.toMatch(/KEYS DIFFER/)
  })

  test('tells whoever has started a study which sites were not heard before', () => {
    expect(startedUnlinked(statusOf({ a: list(oneKey) }))).toMatch(/not heard yet: b, c, d; from now on/)
    const all = { a: list(oneKey), b: list(oneKey), c: list(oneKey), d: list(oneKey) }
    expect(startedUnlinked(statusOf(all))).toMatch(/every site has been compared/)
  })
})
