import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { auroc, type ChildScores, pairedAurocDifference, testFigures } from './figures.ts'

const child = (label: 0 | 1, risk: number, scores: readonly number[] = [0, 1, 2, 3, 4, 5]): ChildScores => ({
  days: [0, 100, 200, 300, 400, 1200],
  pairScores: scores,
  orderedLogit: 1,
  shuffledLogit: -1,
  riskLogits: [0, risk, risk, risk, risk, risk],
  label,
})

describe('figures about the test children', () => {
  test('AUROC equals the plain count over all pairs of a case and a control', () => {
    const score = fc.integer({ min: 0, max: 6 })
    fc.assert(
      fc.property(fc.array(score, { minLength: 1 }), fc.array(score, { minLength: 1 }), (cases, controls) => {
        let wins = 0
        for (const a of cases) for (const b of controls) wins += a > b ? 1 : a === b ? 0.5 : 0
        expect(auroc(cases, controls)).toBeCloseTo(wins / (cases.length * controls.length), 12)
      }),
    )
  })

  test('AUROC without a case or without a control is not a number that anybody should quote', () => {
    expect(auroc([], [1])).toBeNull()
    expect(auroc([1], [])).toBeNull()
  })

  test('a model that orders and separates perfectly gets ones, and one that says nothing gets one half', () => {
    const children = [child(1, 5), child(1, 4), child(0, 1), child(0, 0)]
    const figures = testFigures(children, 'seed')
    expect(figures.pairAccuracy.value).toBe(1)
    expect(figures.sequenceAuroc.value).toBe(1)
    expect(figures.aurocByScans.map((figure) => figure.value)).toEqual([0.5, 1, 1, 1, 1, 1])
    expect(figures.events).toBe(2)
  })

  test('far pairs are those at least three visits or more than two years apart', () => {
    // The last score is too low: wrong against 0..4, of which visits 0, 1 and 2 are three apart and 3 and 4 are over two years away.
    const wrongAtTheEnd = [child(1, 1, [0, 1, 2, 3, 4, -1])]
    const { pairAccuracy, pairAccuracyFar } = testFigures(wrongAtTheEnd, 'seed')
    expect(pairAccuracy.value).toBeCloseTo(10 / 15, 12)
    // Far pairs among the first five visits: (0,3), (0,4), (1,4), all right; those with the last visit: 5 pairs 800 days or more, 5 wrong.
    expect(pairAccuracyFar.value).toBeCloseTo(3 / 8, 12)
  })

  test('intervals hold the value, are the same for the same seed and shrink with more children', () => {
    const few = Array.from({ length: 12 }, (_, i) => child(i % 3 === 0 ? 1 : 0, (i * 7) % 5))
    const many = Array.from({ length: 10 }, () => few).flat()
    const small = testFigures(few, 'a').aurocByScans[3]
    const large = testFigures(many, 'a').aurocByScans[3]
    expect(testFigures(few, 'a').aurocByScans[3]).toEqual(small)
    expect(small?.low ?? 1).toBeLessThanOrEqual(small?.value ?? 0)
    const width = (figure: typeof small): number => (figure?.high ?? 0) - (figure?.low ?? 0)
    expect(width(large)).toBeLessThan(width(small))
  })

  test('the difference between a model and itself is nought with an interval of no width', () => {
    const children = Array.from({ length: 20 }, (_, i) => child(i % 2 === 0 ? 1 : 0, (i * 3) % 7))
    expect(pairedAurocDifference(children, children, 3, 's')).toEqual({ value: 0, low: 0, high: 0 })
  })
})
