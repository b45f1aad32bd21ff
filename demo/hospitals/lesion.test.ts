import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { drawHealing, drawLesion } from './lesion.ts'

const days = Array.from({ length: 200 }, (_, i) => 10 * i)

function lesions(eventDay: number | undefined) {
  return Array.from({ length: 300 }, (_, i) => drawLesion(seededRandom(`lesion ${i}`), days, eventDay))
}

describe('a lesion', () => {
  test('that recurs is 12 to 18 mm on the day of the event and 2 to 7 mm long before, but for fluctuation', () => {
    for (const { kind, radiiMm, transient } of lesions(1990)) {
      expect(kind).toBe('recurrent')
      if (transient) continue
      const before = mean(radiiMm.slice(0, 20))
      expect(before).toBeGreaterThan(1)
      expect(before).toBeLessThan(9)
      const atEvent = mean(radiiMm.slice(-5))
      expect(atEvent).toBeGreaterThan(10.5)
      expect(atEvent).toBeLessThan(19.5)
    }
  })

  test('that does not recur stays as large as it was, within a drift of some mm in five years', () => {
    const calm = lesions(undefined).filter(({ transient }) => !transient)
    const changes = calm.map(({ radiiMm }) => mean(radiiMm.slice(-20)) - mean(radiiMm.slice(0, 20)))
    expect(Math.abs(mean(changes))).toBeLessThan(0.8)
    expect(Math.sqrt(mean(changes.map((change) => change * change)))).toBeLessThan(6)
    expect(calm.filter(({ kind }) => kind === 'residual').length / calm.length).toBeCloseTo(0.8, 1)
  })

  test('swells in passing in a quarter of the children of either kind, and is never negative', () => {
    for (const kind of [lesions(1990), lesions(undefined)]) {
      expect(kind.filter(({ transient }) => transient).length / kind.length).toBeCloseTo(0.25, 1)
      expect(Math.min(...kind.flatMap(({ radiiMm }) => radiiMm))).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('healing', () => {
  test('shrinks nearly every cavity, fades every rim, lets every head grow', () => {
    const courses = Array.from({ length: 300 }, (_, i) => drawHealing(seededRandom(`healing ${i}`), days))
    const shrinking = courses.filter(({ cavityMm3 }) => last(cavityMm3) < first(cavityMm3))
    expect(shrinking.length / courses.length).toBeCloseTo(0.92, 1)
    expect(shrinking.length).toBeLessThan(courses.length)
    for (const { cavityMm3, rimAmplitudes, headScales } of courses) {
      expect(first(cavityMm3)).toBeGreaterThanOrEqual(6000)
      expect(first(cavityMm3)).toBeLessThanOrEqual(40_000)
      expect(last(rimAmplitudes)).toBeLessThan(first(rimAmplitudes) / 4)
      expect(last(headScales)).toBeGreaterThan(first(headScales))
    }
  })
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function first(values: readonly number[]): number {
  return values[0] ?? Number.NaN
}

function last(values: readonly number[]): number {
  return values.at(-1) ?? Number.NaN
}
