import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { censoringIntervals, curveOfHazards, decided, ownCensoringCurve, pooledHazards } from './censoring.ts'
import type { Landmark } from './landmark.ts'
import { simulatedLandmarks } from './testsupport/simulated-landmarks.ts'

const at = (child: string, timeDays: number, event: boolean): Landmark => ({
  ...{ child, timeDays, event },
  ...{ visits: 1, day: 0, risk: 0.5, riskByShown: [], groups: {} },
})

const landmarks = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 60 }), fc.boolean()).map(([time, event]) => at('a', time, event)),
  { minLength: 1, maxLength: 30 },
)

describe('the curve of censoring', () => {
  test('agrees with counting day by day who is lost of those who are still there', () => {
    fc.assert(
      fc.property(landmarks, fc.integer({ min: 0, max: 70 }), (rows, until) => {
        let survival = 1
        for (let day = 1; day < until; day++) {
          const there = rows.filter(({ timeDays, event }) => timeDays > day || (timeDays === day && !event)).length
          const lost = rows.filter(({ timeDays, event }) => timeDays === day && !event).length
          if (there > 0) survival *= 1 - lost / there
        }
        expect(ownCensoringCurve(rows)(until)).toBeCloseTo(Math.max(0.05, survival), 10)
      }),
    )
  })

  test('of nobody lost is 1 for ever', () => {
    expect(ownCensoringCurve([at('a', 10, true), at('b', 20, true)])(1000)).toBe(1)
  })

  test('made of counts per quarter comes close to that of all landmarks', () => {
    const rows = simulatedLandmarks({ seed: 'censoring', children: 600 })
    const pooled = curveOfHazards(pooledHazards([censoringIntervals(rows, 365, 5)], 365))
    const own = ownCensoringCurve(rows)
    for (const day of [60, 180, 300, 365]) expect(Math.abs(pooled(day) - own(day))).toBeLessThan(0.02)
  })
})

describe('intervals of follow-up that leave', () => {
  test('each rest on enough censored children, cover the horizon without a gap, and count everyone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 120 }), fc.constantFrom(3, 5, 10), (children, minCell) => {
        const rows = simulatedLandmarks({ seed: `intervals/${children}`, children, followUpDays: 500 })
        const intervals = censoringIntervals(rows, 365, minCell)
        for (const [index, interval] of intervals.entries()) {
          expect(interval.children).toBeGreaterThanOrEqual(minCell)
          expect(interval.fromDay).toBe(intervals[index - 1]?.toDay ?? 0)
        }
        if (intervals.length === 0) return
        expect(intervals.at(-1)?.toDay).toBe(365)
        const lost = rows.filter(({ event, timeDays }) => !event && timeDays < 365)
        expect(intervals.reduce((sum, { censored }) => sum + censored, 0)).toBe(lost.length)
      }),
    )
  })

  test('do not leave when too few children are censored', () => {
    expect(censoringIntervals([at('a', 10, false), at('b', 20, false)], 365, 3)).toEqual([])
  })
})

describe('decided landmarks', () => {
  test('leave out whoever was lost before the horizon, and weigh the others for them', () => {
    const rows = [at('a', 100, true), at('b', 200, false), at('c', 365, false), at('d', 900, true)]
    const found = decided(rows, 365, ownCensoringCurve(rows)).map(({ child, outcome, weight }) => [
      child,
      outcome,
      Math.round(weight * 1e6) / 1e6,
    ])
    // One of three is lost on day 200; those who stay count for it.
    expect(found).toEqual([
      ['a', 1, 1],
      ['c', 0, 1.5],
      ['d', 0, 1.5],
    ])
  })

  test('have weights that add up to about all landmarks', () => {
    const rows = simulatedLandmarks({ seed: 'weights', children: 500 })
    const weights = decided(rows, 365, ownCensoringCurve(rows)).reduce((sum, { weight }) => sum + weight, 0)
    expect(weights / rows.length).toBeCloseTo(1, 1)
  })
})
