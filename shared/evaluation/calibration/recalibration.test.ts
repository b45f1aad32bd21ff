import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logistic, logit, noRecalibration, recalibrated } from './recalibration.ts'

const risk = fc.double({ min: 0, max: 1, noNaN: true })

test('recalibration with intercept 0 and slope 1 leaves a risk as it is', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-5, max: 1 - 1e-5, noNaN: true }), (p) => {
      expect(recalibrated(p, noRecalibration)).toBeCloseTo(p, 10)
    }),
  )
})

test('recalibration never changes the order of two risks', () => {
  const line = fc.record({ intercept: fc.double({ min: -5, max: 5, noNaN: true }), slope: fc.constantFrom(0.2, 1, 3) })
  fc.assert(
    fc.property(risk, risk, line, (p, q, by) => {
      if (p < q) expect(recalibrated(p, by)).toBeLessThanOrEqual(recalibrated(q, by))
    }),
  )
})

test('risks of 0 and 1 keep a finite logit', () => {
  expect(logistic(logit(0))).toBeCloseTo(1e-6, 12)
  expect(logit(1)).toBeCloseTo(-logit(0), 6)
})
