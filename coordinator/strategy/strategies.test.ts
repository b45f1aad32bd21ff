import { describe, expect, test } from 'vitest'
import { coordinateMedian, trimmedMean } from './by-rank.ts'
import { clipped } from './clipped.ts'
import { fedAvg } from './fed-avg.ts'
import { strategyOf } from './strategies.ts'
import { combineOnce, describeStrategy } from './strategy.contract.ts'

describeStrategy('fed-avg', fedAvg({ serverMomentum: 0 }))
describeStrategy('fed-avg with momentum', fedAvg({ serverMomentum: 0.6 }))
describeStrategy('fed-avg, clipped', clipped(fedAvg({ serverMomentum: 0 }), 5))
describeStrategy('coordinate-median', coordinateMedian({ serverMomentum: 0 }))
describeStrategy('coordinate-median with momentum', coordinateMedian({ serverMomentum: 0.6 }))
describeStrategy('trimmed-mean', trimmedMean({ serverMomentum: 0, trim: 0.2 }))
describeStrategy('trimmed-mean, clipped', clipped(trimmedMean({ serverMomentum: 0, trim: 0.1 }), 5))

describe('averaging', () => {
  test('weights each site by its children', () => {
    const sites = [
      { values: [4, 0], children: 1 },
      { values: [0, 8], children: 3 },
    ]
    expect(combineOnce(fedAvg({ serverMomentum: 0 }), [1, 1], sites)).toEqual(Float32Array.from([2, 7]))
  })

  test('adds the share of the step before that momentum asks for', () => {
    const sites = [{ values: [1, 1], children: 5 }]
    const next = combineOnce(fedAvg({ serverMomentum: 0.5 }), [3, 2], sites, [1, 4])
    expect(next).toEqual(Float32Array.from([3 + 1 + 0.5 * 2, 2 + 1 - 0.5 * 2]))
  })

  test('sums in float64: a small update is not lost beside large ones that cancel', () => {
    const sites = [
      { values: [2 ** 24], children: 1 },
      { values: [1], children: 1 },
      { values: [-(2 ** 24)], children: 1 },
    ]
    expect(combineOnce(fedAvg({ serverMomentum: 0 }), [0], sites)[0]).toBe(Math.fround(1 / 3))
  })
})

const sitesOf = (...values: readonly number[]) => values.map((value, k) => ({ values: [value], children: k + 1 }))
const alike = (...values: readonly number[]) => values.map((value) => ({ values: [value], children: 1 }))
const first = (next: Float32Array): number => next[0] ?? Number.NaN

describe('the median', () => {
  const median = coordinateMedian({ serverMomentum: 0 })

  test.each([
    [[5, 1, 3], 3],
    [[5, 1, 3, 9], 4],
    [[7], 7],
    [[2, 2, 2, 100], 2],
  ])('of %j is %d', (values, middle) => {
    expect(first(combineOnce(median, [0], alike(...values)))).toBe(middle)
  })

  test('counts children: one site with more than half of them is the median', () => {
    expect(first(combineOnce(median, [0], sitesOf(10, 20, 30, 40)))).toBe(30)
    expect(first(combineOnce(median, [0], [...alike(1, 2), { values: [50], children: 3 }]))).toBe(50)
  })

  test('adds momentum to its step', () => {
    expect(combineOnce(coordinateMedian({ serverMomentum: 0.5 }), [3], alike(1, 2, 9), [1])[0]).toBe(3 + 2 + 0.5 * 2)
  })
})

describe('the trimmed mean', () => {
  const trimmed = (trim: number) => trimmedMean({ serverMomentum: 0, trim })

  test.each([
    [0, [1, 2, 3, 10], 4],
    [0.25, [1, 2, 3, 10], 2.5],
    [0.125, [1, 2, 3, 10], (0.5 + 2 + 3 + 5) / 3],
    [0.2, [-1e6, 1, 2, 3, 1e6], 2],
  ])('with %d cut off at either end of %j is %d', (trim, values, mean) => {
    expect(first(combineOnce(trimmed(trim), [0], alike(...values)))).toBeCloseTo(mean, 6)
  })

  test('is the average when nothing is cut off', () => {
    const sites = sitesOf(3, -4, 8)
    expect(combineOnce(trimmed(0), [1], sites)[0]).toBeCloseTo(
      combineOnce(fedAvg({ serverMomentum: 0 }), [1], sites)[0] ?? 0,
      6,
    )
  })
})

describe('a hostile minority', () => {
  const settings = { weightBy: 'sites', serverMomentum: 0, trim: undefined } as const
  const honest = [1, 1.1, 0.9, 1.05, 0.95]

  test.each([
    ['coordinate-median', undefined],
    ['trimmed-mean', 0.3],
  ] as const)('cannot move the %s out of what honest sites say, even with most of the children', (name, trim) => {
    const sites = [...honest, 1e6, -1e6].map((value) => ({
      values: [value],
      children: Math.abs(value) > 10 ? 10_000 : 10,
    }))
    const strategy = strategyOf({ ...settings, name, trim, clipUpdateNorm: undefined })
    const moved = first(combineOnce(strategy, [0], sites))
    expect(moved).toBeGreaterThanOrEqual(0.9)
    expect(moved).toBeLessThanOrEqual(1.1)
    const average = strategyOf({ ...settings, name: 'fed-avg', weightBy: 'children', clipUpdateNorm: undefined })
    expect(Math.abs(first(combineOnce(average, [0], sites.slice(0, -1))))).toBeGreaterThan(1e5)
  })
})

describe('clipping', () => {
  const strategy = clipped(fedAvg({ serverMomentum: 0 }), 5)

  test('scales a long update down to the largest norm and leaves a short one alone', () => {
    const shares = [
      { site: 'a', children: 1, norm: 10 },
      { site: 'b', children: 1, norm: 5 },
      { site: 'c', children: 1, norm: 0 },
    ]
    expect(strategy.scales(shares)).toEqual([0.5, 1, 1])
    expect(combineOnce(strategy, [0, 0], [{ values: [6, 8], children: 2 }])).toEqual(Float32Array.from([3, 4]))
  })
})
