import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { auprcGradient, auprcOf, aurocGradient, aurocOf, type Curve, countsFrom } from './curve.ts'

const weight = fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 5, noNaN: true }))
const curves = fc
  .array(fc.tuple(weight, weight), { minLength: 2, maxLength: 12 })
  .map((groups): Curve => ({ cases: groups.map(([p]) => p), controls: groups.map(([, n]) => n) }))
  .filter(({ cases, controls }) => cases.some((w) => w > 0) && controls.some((w) => w > 0))

/** Every pair of a case and a control compared one by one. */
function naiveAuroc({ cases, controls }: Curve): number {
  let [won, pairs] = [0, 0]
  for (const [i, w] of cases.entries()) {
    for (const [j, v] of controls.entries()) {
      won += w * v * (i > j ? 1 : i === j ? 0.5 : 0)
      pairs += w * v
    }
  }
  return won / pairs
}

/** The area by small steps through each group. */
function naiveAuprc({ cases, controls }: Curve): number {
  const steps = 4000
  let [t, u, area] = [0, 0, 0]
  for (let g = cases.length - 1; g >= 0; g--) {
    const p = cases[g] ?? 0
    const s = p + (controls[g] ?? 0)
    for (let step = 0; step < steps && s > 0; step++) {
      const x = (step + 0.5) / steps
      area += ((t + x * p) / (u + x * s)) * (p / steps)
    }
    t += p
    u += s
  }
  return area / t
}

describe('AUROC', () => {
  test('agrees with comparing every pair', () => {
    fc.assert(fc.property(curves, (curve) => void expect(aurocOf(curve)).toBeCloseTo(naiveAuroc(curve), 10)))
  })

  test('of classes that change places is what is missing to 1', () => {
    fc.assert(
      fc.property(
        curves,
        ({ cases, controls }) =>
          void expect(aurocOf({ cases: controls, controls: cases })).toBeCloseTo(1 - aurocOf({ cases, controls }), 10),
      ),
    )
  })
})

test('the area under the precision-recall curve agrees with small steps', () => {
  fc.assert(
    fc.property(curves, (curve) => void expect(auprcOf(curve)).toBeCloseTo(naiveAuprc(curve), 3)),
    { numRuns: 40 },
  )
})

describe('the derivative by the weight in a group agrees with finite differences', () => {
  const check = (of: (curve: Curve) => number, gradientOf: (curve: Curve) => Curve): void =>
    fc.assert(
      fc.property(curves, fc.nat(), fc.boolean(), (curve, at, ofCase) => {
        const group = at % curve.cases.length
        const side = ofCase ? 'cases' : 'controls'
        // Landmarks stand in groups that have weight: above the highest of these the area has no derivative.
        fc.pre((curve.cases[group] ?? 0) + (curve.controls[group] ?? 0) > 0)
        const step = 1e-6
        const moved = { ...curve, [side]: curve[side].map((w, g) => (g === group ? w + step : w)) }
        const slope = (of(moved) - of(curve)) / step
        expect(gradientOf(curve)[side][group]).toBeCloseTo(slope, 3)
      }),
    )

  test('for AUROC', () => check(aurocOf, (curve) => aurocGradient(curve, aurocOf(curve))))
  test('for the area under the precision-recall curve', () => check(auprcOf, auprcGradient))
})

test('counts at a threshold add up to all weight, and the threshold itself is positive', () => {
  const curve = { cases: [1, 2, 4], controls: [8, 16, 32] }
  expect(countsFrom(curve, 1)).toEqual({ tp: 6, fp: 48, fn: 1, tn: 8 })
  expect(countsFrom(curve, 0)).toEqual({ tp: 7, fp: 56, fn: 0, tn: 0 })
})
