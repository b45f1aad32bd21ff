import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../random.ts'
import { decided, ownCensoringCurve } from '../censoring.ts'
import type { CalibrationLine } from '../model-card.ts'
import { horizonDays, simulatedLandmarks } from '../testsupport/simulated-landmarks.ts'
import { bandAt, lineThrough } from './calibration-band.ts'
import { fitLine, identityLine, unfitted } from './calibration-fit.ts'
import { logistic, logit, recalibrated } from './recalibration.ts'

const landmarks = simulatedLandmarks({ seed: 'band', children: 150, shift: -0.4, stretch: 1.3 })
const rows = decided(landmarks, horizonDays, ownCensoringCurve(landmarks))
const byChild = [...Map.groupBy(rows, ({ child }) => child).values()]

function lineOf(some: typeof rows): CalibrationLine {
  const line = lineThrough(fitLine(some, 'line'), identityLine)
  if (line === null) throw new Error('no line was fitted')
  return line
}

describe('the band in which risks held', () => {
  test('is as wide as a bootstrap of children makes it, within a tenth', () => {
    const random = seededRandom('resampled children')
    const drawn = Array.from({ length: 400 }, () =>
      lineOf(byChild.flatMap(() => byChild[random.integer(byChild.length)] ?? [])),
    )
    for (const risk of [0.1, 0.3, 0.7]) {
      const logits = drawn.map(({ intercept, slope }) => intercept + slope * logit(risk))
      const mean = logits.reduce((a, b) => a + b, 0) / logits.length
      const deviation = Math.sqrt(logits.reduce((a, b) => a + (b - mean) ** 2, 0) / (logits.length - 1))
      const { low, high } = bandAt(lineOf(rows), risk)
      expect(Math.abs((logit(high) - logit(low)) / (2 * 1.959964 * deviation) - 1)).toBeLessThan(0.1)
    }
  })

  test('widens where nobody had such a risk', () => {
    const width = (risk: number): number => {
      const { low, high } = bandAt(lineOf(rows), risk)
      return logit(high) - logit(low)
    }
    expect(width(0.999)).toBeGreaterThan(2 * width(0.3))
  })

  test('of recalibrated risks is what a line fitted to them would give', () => {
    const recalibration = { intercept: 0.3, slope: 0.7 }
    const moved = rows.map((row) => ({ ...row, risk: recalibrated(row.risk, recalibration) }))
    const through = lineThrough(fitLine(rows, 'line'), recalibration)
    const direct = lineOf(moved)
    expect(through?.intercept).toBeCloseTo(direct.intercept, 6)
    expect(through?.slope).toBeCloseTo(direct.slope, 6)
    for (const [index, value] of direct.covariance.entries()) expect(through?.covariance[index]).toBeCloseTo(value, 6)
  })

  test('is none where no line was fitted, or an intercept alone', () => {
    expect(lineThrough(undefined, identityLine)).toBe(null)
    expect(lineThrough(unfitted('line'), identityLine)).toBe(null)
    expect(lineThrough(fitLine(rows, 'intercept'), identityLine)).toBe(null)
  })

  test('of a line that is sure lies on it', () => {
    const { low, high } = bandAt({ intercept: 0.2, slope: 0.5, covariance: [0, 0, 0] }, 0.8)
    expect(low).toBeCloseTo(logistic(0.2 + 0.5 * logit(0.8)), 12)
    expect(high).toBeCloseTo(low, 12)
  })
})
