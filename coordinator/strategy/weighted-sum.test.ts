import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { weightedSum } from './weighted-sum.ts'

const length = 5
const term = fc.record({
  values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: length, maxLength: length }),
  factor: fc.double({ min: -10, max: 10, noNaN: true }),
})

describe('the weighted sum', () => {
  test('equals the naive one to the last bit, for any number of arrays and any part of them', () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 11 }), fc.nat(length), fc.nat(length), (terms, one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)]
        const arrays = terms.map(({ values }) => Float32Array.from(values))
        const sums = new Float64Array(to - from).fill(77)
        const factors = terms.map(({ factor }) => factor)
        weightedSum(arrays, factors, from, sums)
        sums.forEach((sum, i) => {
          let naive = 0
          for (const { values, factor } of terms) naive += factor * (values[from + i] ?? Number.NaN)
          expect(sum).toBe(naive)
        })
      }),
    )
  })
})
