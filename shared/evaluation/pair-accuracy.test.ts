import { expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { addShareSums, shareOf, shareSums } from './clustered-share.ts'
import { type EmbeddedScan, pairSums } from './pair-accuracy.ts'
import { allPasses, simulatedSites } from './testsupport/simulated-landmarks.ts'

const scan = (child: string, day: number, progression: number | null, event = false): EmbeddedScan => ({
  ...{ child, day, progression, event, embedding: [] },
})

test('pairs of one child stand in the class of their gap, those of one day in none', () => {
  const scans = [scan('a', 0, 1), scan('a', 0, 9), scan('a', 90, 2), scan('a', 400, 0), scan('b', 30, 5)]
  const sums = pairSums(scans, 1).map(({ level, sums: { right, total } }) => [level, right, total])
  expect(sums).toEqual([
    ['90 to 179 days', 1, 2],
    ['180 to 364 days', 0, 1],
    ['1 year and more', 0, 2],
    ['children without an event', 1, 5],
  ])
})

test('an order that was read from tumours that grow is known of children with an event alone', () => {
  const ofSize = (child: string, sizesMm: readonly number[], event: boolean): EmbeddedScan[] =>
    sizesMm.map((sizeMm, visit) => scan(child, 100 * visit, sizeMm, event))
  const growing = [ofSize('a', [3, 4, 6], true), ofSize('b', [2, 5, 9], true)]
  const others = [ofSize('c', [6, 4, 3], false), ofSize('d', [5, 5, 5], false), ofSize('e', [2, 3, 2], false)]
  const byOutcome = pairSums([...growing, ...others].flat(), 1).filter(({ level }) => level.startsWith('children'))
  expect(byOutcome.map(({ level, sums: { right, total, children } }) => [level, right, total, children])).toEqual([
    ['children with an event', 6, 6, 2],
    ['children without an event', 1, 9, 3],
  ])
})

test('classes of too few children do not leave, nor any where the order was never taught', () => {
  const child = (name: string): EmbeddedScan[] => [scan(name, 0, 1), scan(name, 30, 2)]
  const few = ['a', 'b', 'c', 'd'].flatMap(child)
  expect(pairSums(few, 5)).toEqual([])
  expect(pairSums([...few, ...child('e')], 5)).toMatchObject([
    { level: 'under 90 days', sums: { children: 5 } },
    { level: 'children without an event', sums: { children: 5 } },
  ])
  expect(
    pairSums(
      [...few, ...child('e')].map((one) => ({ ...one, progression: null })),
      5,
    ),
  ).toEqual([])
})

test('pairs by outcome stay where they would tell of a class that is too small, of gaps or of outcomes', () => {
  const many = (name: string, days: number, event = false): EmbeddedScan[] =>
    [1, 2, 3, 4, 5].flatMap((i) => [scan(`${name}${i}`, 0, 1, event), scan(`${name}${i}`, days, 2, event)])
  const levels = (scans: EmbeddedScan[]): string[] => pairSums(scans, 5).map(({ level }) => level)
  const both = [...many('a', 30), ...many('b', 30, true)]
  expect(levels(both)).toEqual(['under 90 days', 'children with an event', 'children without an event'])
  expect(levels([...both, scan('c', 0, 1), scan('c', 100, 2)])).toEqual(['under 90 days'])
  expect(levels([...many('a', 30), scan('c', 0, 1, true), scan('c', 30, 2, true)])).toEqual(['under 90 days'])
})

test('the share over all sites and its error are those of all answers in one place, however sites divide them', () => {
  const random = seededRandom('shares')
  const answers = Array.from({ length: 300 }, (_, i) => ({
    child: `${i % 40}`,
    right: random.uniform() < 0.5 + (i % 40) / 100,
  }))
  const whole = shareOf(shareSums(answers))
  const sites = [0, 1, 2].map((site) => shareSums(answers.filter(({ child }) => Number(child) % 3 === site)))
  expect(shareOf(addShareSums(sites)).value).toBeCloseTo(whole.value, 12)
  expect(shareOf(addShareSums(sites)).error).toBeCloseTo(whole.error, 12)
  const byChild = [...Map.groupBy(answers, ({ child }) => child).values()]
  const squares = byChild.map((own) => (own.filter(({ right }) => right).length - whole.value * own.length) ** 2)
  expect(whole.error).toBeCloseTo(Math.sqrt(squares.reduce((a, b) => a + b, 0)) / 300, 12)
})

test('through the passes, far pairs are ordered better than near ones, as the simulated progression has it', () => {
  const { pairs } = allPasses(simulatedSites([60, 50], { seed: 'pairs' }), 5)
  const values = pairs.flatMap(({ level, sums }) => (level.startsWith('children') ? [] : [shareOf(sums).value]))
  expect(pairs.map(({ sites }) => sites)).toEqual(new Array(pairs.length).fill(['site-0', 'site-1']))
  expect(values.at(-1)).toBeGreaterThan(values[0] ?? 1)
})
