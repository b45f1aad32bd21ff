import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import type { LinkToken } from '../../shared/protocol/link-tokens.ts'
import { answerTo, countShared, type LinkList } from './compare.ts'

const tokenOf = (child: number): LinkToken => sha256(`child ${child}`) as string as LinkToken
const children = fc.uniqueArray(fc.nat({ max: 30 }), { maxLength: 20 })

/** Lists of several sites; those before the start stand first, one a site. */
const lists = fc
  .tuple(
    fc.uniqueArray(fc.record({ site: fc.constantFrom('a', 'b', 'c', 'd'), of: children }), {
      selector: ({ site }) => site,
    }),
    fc.array(fc.record({ site: fc.constantFrom('a', 'b', 'c', 'd', 'e'), of: children }), { maxLength: 6 }),
  )
  .map(([early, late]): LinkList[] => [
    ...early.map(({ site, of }) => ({ site, beforeStart: true, tokens: of.map(tokenOf) })),
    ...late.map(({ site, of }) => ({ site, beforeStart: false, tokens: of.map(tokenOf) })),
  ])

const sitesOf = (all: readonly LinkList[]): string[] => [...new Set(all.map(({ site }) => site))]
const namedBy = (all: readonly LinkList[], site: string): LinkToken[] => [
  ...new Set(all.filter((list) => list.site === site).flatMap(({ tokens }) => tokens)),
]

describe('a child whom two hospitals named', () => {
  test('is kept by exactly one of them and held back by all others', () => {
    fc.assert(
      fc.property(lists, (all) => {
        const tokens = new Set(all.flatMap((list) => list.tokens))
        for (const token of tokens) {
          const naming = sitesOf(all).filter((site) => namedBy(all, site).includes(token))
          const keeping = naming.filter((site) => !answerTo(all, site, namedBy(all, site)).held.includes(token))
          expect(keeping).toHaveLength(1)
        }
      }),
    )
  })

  test('is told as shared to whoever has it, and a child of one hospital to nobody', () => {
    fc.assert(
      fc.property(lists, (all) => {
        for (const site of sitesOf(all)) {
          const others = new Set(all.filter((list) => list.site !== site).flatMap((list) => list.tokens))
          const expected = namedBy(all, site).filter((token) => others.has(token))
          expect(new Set(answerTo(all, site, namedBy(all, site)).shared)).toEqual(new Set(expected))
        }
      }),
    )
  })

  test('is kept by the same hospital whatever order they came in before the start', () => {
    fc.assert(
      fc.property(lists, fc.infiniteStream(fc.nat()), (all, order) => {
        const early = all.filter(({ beforeStart }) => beforeStart)
        const keys = new Map(early.map((list) => [list, order.next().value as number]))
        const turned = early.toSorted((x, y) => (keys.get(x) ?? 0) - (keys.get(y) ?? 0))
        for (const { site, tokens } of early) {
          expect(answerTo(turned, site, tokens)).toEqual(answerTo(early, site, tokens))
        }
      }),
    )
  })

  test('does not change hands once the study has begun, whoever comes and whatever they name', () => {
    fc.assert(
      fc.property(lists, fc.constantFrom('a', 'b', 'f'), children, (all, site, of) => {
        const later = [...all, { site, beforeStart: false, tokens: of.map(tokenOf) }]
        for (const { site: earlier, tokens } of all) {
          expect(answerTo(later, earlier, tokens).held).toEqual(answerTo(all, earlier, tokens).held)
        }
      }),
    )
  })

  test('stays with the hospital that named it before the start, also when the other one’s id sorts first', () => {
    const all = [
      { site: 'z', beforeStart: true, tokens: [tokenOf(1)] },
      { site: 'a', beforeStart: false, tokens: [tokenOf(1)] },
    ]
    expect(answerTo(all, 'a', [tokenOf(1)]).held).toEqual([tokenOf(1)])
    expect(answerTo(all, 'z', [tokenOf(1)]).held).toEqual([])
  })

  test('stays with a hospital that trained the weights which a study judges, whatever its id', () => {
    const child = tokenOf(1)
    for (const trainer of ['a', 'b', 'c']) {
      const all = ['a', 'b', 'c'].map((site) => {
        return { site, beforeStart: true, trained: site === trainer, tokens: [child] }
      })
      expect(all.filter(({ site }) => answerTo(all, site, [child]).held.length === 0)).toMatchObject([
        { site: trainer },
      ])
    }
  })

  test('falls to either hospital about equally often', () => {
    const many = Array.from({ length: 1000 }, (_, i) => tokenOf(i))
    const all = ['a', 'b'].map((site) => ({ site, beforeStart: true, tokens: many }))
    const held = answerTo(all, 'a', many).held.length
    expect(held).toBeGreaterThan(400)
    expect(held).toBeLessThan(600)
  })
})

test('counts of shared children are those of a comparison pair by pair', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), children), children, (latest, own) => {
      const known = new Map(Object.entries(latest).map(([site, of]) => [site, of.map(tokenOf)]))
      const naive = Object.entries(latest)
        .filter(([site]) => site !== 'a')
        .map(([site, of]) => [site, own.filter((child) => of.includes(child)).length])
        .toSorted()
      expect(countShared(known, 'a', own.map(tokenOf))).toEqual(naive)
    }),
  )
})
