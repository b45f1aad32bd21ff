import { describe, expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import type { EmbeddedScan } from './pair-accuracy.ts'
import { smallestCell } from './site-answer.ts'
import { discriminantOf, momentsOf, siteGuessed } from './site-probe.ts'
import { allPasses, simulatedSites } from './testsupport/simulated-landmarks.ts'

const random = seededRandom('probe')

function scans(count: number, mean: readonly number[], children = 10): EmbeddedScan[] {
  return Array.from({ length: count }, (_, scan) => ({
    ...{ child: `child ${scan % children}`, day: scan, event: false, progression: null },
    embedding: mean.map((value) => value + random.normal()),
  }))
}

describe('moments of embeddings', () => {
  test('are mean and covariance, as a loop over scans has them', () => {
    const some = scans(40, [1, -2, 3])
    const moments = momentsOf(some, 5)
    const mean = [0, 1, 2].map((i) => some.reduce((sum, { embedding }) => sum + (embedding[i] ?? 0), 0) / 40)
    const pairs = [
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 1],
      [1, 2],
      [2, 2],
    ] as const
    const products = pairs.map(([i, j]) => {
      const each = some.map(({ embedding: e }) => ((e[i] ?? 0) - (mean[i] ?? 0)) * ((e[j] ?? 0) - (mean[j] ?? 0)))
      return each.reduce((a, b) => a + b, 0) / 40
    })
    expect(moments).toMatchObject({ children: 10, scans: 40 })
    for (const [i, value] of mean.entries()) expect(moments?.mean[i]).toBeCloseTo(value, 12)
    for (const [i, value] of products.entries()) expect(moments?.covariance[i]).toBeCloseTo(value, 12)
  })

  test.each([
    ['29 scans', scans(29, [0, 0])],
    ['scans of 4 children', scans(60, [0, 0], 4)],
    ['no scans', []],
    ['embeddings of 257 numbers', scans(30, new Array<number>(257).fill(0))],
  ])('do not leave a site with %s', (_, some) => {
    expect(momentsOf(some, 5)).toBe(null)
  })
})

describe('the discriminant', () => {
  test('of two sites decides as one made of all their scans in one place', () => {
    const [a, b] = [scans(300, [0, 0, 0]), scans(200, [1.5, 0, -1])]
    const discriminant = discriminantOf([
      { site: 'a', moments: momentsOf(a, 5) },
      { site: 'b', moments: momentsOf(b, 5) },
    ])
    if (discriminant === null) throw new Error('two sites make a discriminant')
    // Pooled computation: scatter around each site's mean, over both sites, then Fisher's direction by Cramer's rule.
    const meanOf = (some: EmbeddedScan[]): number[] =>
      [0, 1, 2].map((i) => some.reduce((sum, { embedding }) => sum + (embedding[i] ?? 0), 0) / some.length)
    const [ma, mb] = [meanOf(a), meanOf(b)]
    const scatter = [0, 1, 2].map((i) =>
      [0, 1, 2].map((j) => {
        const around = (some: EmbeddedScan[], mean: number[]): number =>
          some.reduce((s, { embedding: e }) => s + ((e[i] ?? 0) - (mean[i] ?? 0)) * ((e[j] ?? 0) - (mean[j] ?? 0)), 0)
        return (around(a, ma) + around(b, mb)) / 500
      }),
    )
    const trace = [0, 1, 2].reduce((sum, i) => sum + (scatter[i]?.[i] ?? 0), 0)
    const share = 3 / 503
    const within = scatter.map((row, i) => row.map((v, j) => (1 - share) * v + (i === j ? (share * trace) / 3 : 0)))
    const [wa, wb] = discriminant.map(({ weights }) => weights)
    // Within · (weights of b − weights of a) must be the difference of means.
    for (const i of [0, 1, 2]) {
      const product = [0, 1, 2].reduce((sum, j) => sum + (within[i]?.[j] ?? 0) * ((wb?.[j] ?? 0) - (wa?.[j] ?? 0)), 0)
      expect(product).toBeCloseTo((mb[i] ?? 0) - (ma[i] ?? 0), 8)
    }
    const middle = ma.map((value, i) => (value + (mb[i] ?? 0)) / 2)
    const scores = discriminant.map(({ weights, offset }) =>
      weights.reduce((s, w, i) => s + w * (middle[i] ?? 0), offset),
    )
    expect(scores[0]).toBeCloseTo(scores[1] ?? 0, 8)
    expect(siteGuessed(discriminant, ma)).toBe('a')
    expect(siteGuessed(discriminant, mb)).toBe('b')
  })

  test('is made of fewer scans than dimensions, and of embeddings that do not vary', () => {
    const flat = scans(30, [0, 0]).map((scan) => ({ ...scan, embedding: [1, 1] }))
    const wide = (value: number): EmbeddedScan[] => scans(30, new Array<number>(64).fill(value))
    for (const [a, b] of [
      [flat, flat],
      [wide(0), wide(1)],
    ] as const) {
      const made = discriminantOf([
        { site: 'a', moments: momentsOf(a, 5) },
        { site: 'b', moments: momentsOf(b, 5) },
      ])
      expect(made?.flatMap(({ weights, offset }) => [...weights, offset]).every(Number.isFinite)).toBe(true)
    }
  })

  test('needs two sites with embeddings of one size', () => {
    const [a, b] = [momentsOf(scans(40, [0, 0]), 5), momentsOf(scans(40, [0, 0, 0]), 5)]
    expect(
      discriminantOf([
        { site: 'a', moments: a },
        { site: 'b', moments: null },
      ]),
    ).toBe(null)
    expect(
      discriminantOf([
        { site: 'a', moments: a },
        { site: 'b', moments: b },
      ]),
    ).toBe(null)
  })
})

test('through the passes every site with enough scans tries the discriminant on test scans, others do not', () => {
  const cells: number[] = []
  const sites = simulatedSites([60, 50, 4], { seed: 'through', siteShift: 2 })
  const pooled = allPasses(sites, 5, { onAnswer: (answer) => cells.push(smallestCell(answer)) })
  expect(pooled.probe.discriminant?.map(({ site }) => site)).toEqual(['site-0', 'site-1'])
  const discriminant = pooled.probe.discriminant ?? []
  for (const { site, sums } of pooled.probe.sites) {
    const held = sites.get(site)?.scans.test ?? []
    const right = held.filter(({ embedding }) => siteGuessed(discriminant, embedding) === site).length
    expect(sums).toMatchObject({ right, total: held.length })
  }
  expect(pooled.probe.sites.map(({ site }) => site)).toEqual(['site-0', 'site-1'])
  expect(Math.min(...cells)).toBeGreaterThanOrEqual(5)
})
