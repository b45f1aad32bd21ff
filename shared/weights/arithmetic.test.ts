import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allFinite, difference, l2Norm, scaled, sum } from './arithmetic.ts'
import type { Weights } from './weights.ts'

const weightsOf = (values: readonly number[]): Weights => ({
  manifest: [{ name: 'w', shape: [values.length] }],
  values: Float32Array.from(values),
})

describe('arithmetic on weights', () => {
  test('a difference added to where it started from gives where it ended, for values that float32 holds exactly', () => {
    const exact = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(exact, (values) => {
        const before = weightsOf(values)
        const after = weightsOf(values.map((value, i) => value * 2 + i))
        expect(sum(before, difference(after, before)).values).toEqual(after.values)
      }),
    )
  })

  test('weights of another shape are not subtracted', () => {
    expect(() => difference(weightsOf([1]), weightsOf([1, 2]))).toThrow(
      expect.objectContaining({ code: 'shape_mismatch' }),
    )
  })

  test('the norm is taken in float64: a million small squares do not vanish beside a large one', () => {
    const values = new Float32Array(1_000_001).fill(1e-3)
    values[0] = 100
    expect(l2Norm(values) ** 2).toBeCloseTo(10_000 + 1_000_000 * Math.fround(1e-3) ** 2, 6)
  })

  test('one value that is not finite is found wherever it stands', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const at of [0, 17, 99]) {
        const values = new Float32Array(100).fill(3e38)
        expect(allFinite(values)).toBe(true)
        values[at] = bad
        expect(allFinite(values)).toBe(false)
      }
    }
  })

  test('scaling multiplies every element', () => {
    expect(scaled(weightsOf([1, -2, 4]), 0.5).values).toEqual(Float32Array.from([0.5, -1, 2]))
  })
})
