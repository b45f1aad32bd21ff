import { describe, expect, test } from 'vitest'
import { clipped } from './clipped.ts'
import { fedAvg } from './fed-avg.ts'
import { combineOnce, describeStrategy } from './strategy.contract.ts'

describeStrategy('fed-avg', fedAvg({ serverMomentum: 0 }))
describeStrategy('fed-avg with momentum', fedAvg({ serverMomentum: 0.6 }))
describeStrategy('fed-avg, clipped', clipped(fedAvg({ serverMomentum: 0 }), 5))

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
