import { expect, test } from 'vitest'
import { isInside, lastOf } from './input-range.ts'

test('the end of a range is the edge of a bin, which lies outside', () => {
  // Children with one to six visits stand in the bins [1, 2) to [6, 7).
  const visits = { low: 1, high: 7 }
  expect([0, 1, 6, 7].map((count) => isInside(visits, count))).toEqual([false, true, true, false])
  expect(lastOf(visits)).toBe(6)
})
