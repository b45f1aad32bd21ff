import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../random.ts'
import { exactGroups, figuresOf, influenceOf, squaredInfluence, summarise } from '../figures.ts'
import type { DecidedLandmark } from '../landmark.ts'
import { calibrationByChance } from './calibration-chance.ts'
import { logistic } from './recalibration.ts'

/**
 * Landmarks whose risks are right: each child has a few, at risks near its own. With `shared`, one draw decides the outcomes of all
 * landmarks of a child, as one event within the horizon of several visits does.
 */
function rightRisks(seed: string, children: number, shared: boolean): DecidedLandmark[] {
  const random = seededRandom(seed)
  return Array.from({ length: children }, (_, child) => {
    const level = -1 + 1.2 * random.normal()
    const drawn = random.uniform()
    return Array.from({ length: 1 + random.integer(4) }, (): DecidedLandmark => {
      const risk = logistic(level + 0.3 * random.normal())
      const outcome = (shared ? drawn : random.uniform()) < risk ? 1 : 0
      const visit = { visits: 1, day: 0, timeDays: 365, event: outcome === 1, riskByShown: [risk], groups: {} }
      return { ...visit, child: `${child}`, risk, outcome, weight: 1 }
    })
  }).flat()
}

function errorOf(rows: readonly DecidedLandmark[]): { readonly ece: number; readonly byChance: number } {
  const groups = exactGroups(rows)
  const summary = summarise(rows, groups)
  const variance = squaredInfluence(rows, influenceOf(summary, groups.groupOf)).ece ?? Number.NaN
  return { ece: figuresOf(summary).ece, byChance: calibrationByChance(summary.calibration, variance) }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('the calibration error that chance alone gives', () => {
  test.each([
    { children: 40, shared: false },
    { children: 40, shared: true },
    { children: 200, shared: false },
    { children: 200, shared: true },
  ])('is told from one test fold as it comes out over many: $children children, shared outcomes $shared', (of) => {
    const drawn = Array.from({ length: 200 }, (_, i) => errorOf(rightRisks(`right/${i}`, of.children, of.shared)))
    const [ece, byChance] = [mean(drawn.map((one) => one.ece)), mean(drawn.map((one) => one.byChance))]
    expect(byChance / ece).toBeGreaterThan(0.85)
    expect(byChance / ece).toBeLessThan(1.15)
  })

  test('falls with the children, and is far below the error of risks that are wrong', () => {
    const [few, many] = [errorOf(rightRisks('few', 50, true)), errorOf(rightRisks('few', 800, true))]
    expect(many.byChance).toBeLessThan(0.4 * few.byChance)
    const wrong = errorOf(rightRisks('wrong', 800, true).map((row) => ({ ...row, risk: row.risk ** 0.4 })))
    expect(wrong.ece).toBeGreaterThan(4 * wrong.byChance)
  })

  test('is not told where nothing can vary', () => {
    expect(calibrationByChance([], 0.1)).toBeNaN()
    expect(calibrationByChance([{ weight: 3, risk: 0, cases: 0 }], 0.1)).toBeNaN()
  })
})
