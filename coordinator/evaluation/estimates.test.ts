import { describe, expect, test } from 'vitest'
import { censoringCurveFor } from '../../shared/evaluation/answer.ts'
import { figuresAt, influenceAt, thresholdMetricNames } from '../../shared/evaluation/at-threshold.ts'
import { decided } from '../../shared/evaluation/censoring.ts'
import { squaredInfluence, summarise } from '../../shared/evaluation/figures.ts'
import { normalQuantile } from '../../shared/evaluation/normal-quantile.ts'
import { riskBinCount, riskBinOf } from '../../shared/evaluation/risk-bins.ts'
import { allPasses, horizonDays, simulatedSites } from '../../shared/evaluation/testsupport/simulated-landmarks.ts'
import { figuresAtThreshold, thresholdRisk } from './estimates.ts'

const sites = simulatedSites([100, 60, 40, 40], { seed: 'estimates', shift: -0.5, stretch: 1.4 })
const pooled = allPasses(sites, 5)

/** Those of a level of `sex`, all in one place. */
function rowsOf(level: string) {
  return [...sites.values()].flatMap(({ test: landmarks, followUp }) =>
    decided(landmarks, horizonDays, censoringCurveFor(followUp, pooled, horizonDays)).filter(
      ({ groups }) => groups.sex === level,
    ),
  )
}

describe('figures of a group at a threshold', () => {
  test.each(['ruleOut', 'ruleIn'] as const)('are those of its landmarks in one place, at %s', (name) => {
    const group = pooled.thresholds[name]
    if (group === null) throw new Error('no threshold was chosen')
    for (const level of ['female', 'male']) {
      const part = { family: 'sex', level }
      expect(pooled.test.find((one) => one.family === 'sex' && one.level === level)?.sites).toHaveLength(sites.size)
      const rows = rowsOf(level)
      const { curve } = summarise(rows, { count: riskBinCount, groupOf: riskBinOf })
      const threshold = { group, risk: thresholdRisk(pooled, group) }
      const [exact, squares] = [
        figuresAt(curve, threshold),
        squaredInfluence(rows, influenceAt(curve, threshold, riskBinOf)),
      ]
      const figures = figuresAtThreshold(pooled, name, part)
      for (const metric of thresholdMetricNames) {
        const { value = Number.NaN, low } = figures?.[metric] ?? {}
        const error = Math.sqrt(squares[metric] ?? Number.NaN)
        expect(Math.abs(value - exact[metric]), `${level} ${metric}`).toBeLessThan(0.7 * error)
        // The upper end may be cut at 1.
        const half = value - (low ?? Number.NaN)
        expect(Math.abs(half / (normalQuantile * error) - 1), `${level} ${metric}`).toBeLessThan(0.15)
      }
    }
  })
})
