import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../random.ts'
import { type FitRow, fitLine, newtonSums } from './calibration-fit.ts'
import { logistic } from './recalibration.ts'

/** Right risks, then moved: their logits times `stretch`, plus `shift`. */
function rowsOf(seed: string, stretch: number, shift: number): FitRow[] {
  const random = seededRandom(seed)
  return Array.from({ length: 150 }, (_, child) => {
    const truth = -0.5 + 1.2 * random.normal()
    const outcome = random.uniform() < logistic(truth) ? 1 : 0
    return { child: String(child), outcome, weight: 1 + random.uniform(), risk: logistic(shift + stretch * truth) }
  })
}

test.each(['line', 'intercept'] as const)('the fit of a %s ends where the likelihood is greatest', (kind) => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.double({ min: 0.1, max: 8, noNaN: true }),
      fc.double({ min: -4, max: 4, noNaN: true }),
      (seed, stretch, shift) => {
        const rows = rowsOf(seed, stretch, shift)
        const { gradient, information } = newtonSums(rows, fitLine(rows, kind))
        expect(Math.abs(gradient[0])).toBeLessThan(1e-6 * Math.max(1, information[0]))
        if (kind === 'line') expect(Math.abs(gradient[1])).toBeLessThan(1e-6 * Math.max(1, information[2]))
      },
    ),
  )
})

test('the fit undoes what moved the risks', () => {
  const [right, moved] = [fitLine(rowsOf('a', 1, 0), 'line'), fitLine(rowsOf('a', 5, 2), 'line')]
  expect(moved.slope).toBeCloseTo(right.slope / 5, 3)
  expect(moved.intercept).toBeCloseTo(right.intercept - (2 / 5) * right.slope, 2)
})
