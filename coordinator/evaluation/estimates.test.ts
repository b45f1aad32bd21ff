import { describe, expect, test } from 'vitest'
import { censoringCurveFor } from '../../shared/evaluation/answer.ts'
import { figuresAt, influenceAt, thresholdMetricNames } from '../../shared/evaluation/at-threshold.ts'
import { decided } from '../../shared/evaluation/censoring.ts'
import { squaredInfluence, summarise } from '../../shared/evaluation/figures.ts'
import { normalQuantile } from '../../shared/evaluation/normal-quantile.ts'
import { riskBinCount, riskBinOf } from '../../shared/evaluation/risk-bins.ts'
import { wholePart } from '../../shared/evaluation/suppression/strata.ts'
import { allPasses, horizonDays, simulatedSites } from '../../shared/evaluation/testsupport/simulated-landmarks.ts'
import { thresholdRisk } from '../../shared/evaluation/thresholds.ts'
import { figuresAtThreshold } from './estimates.ts'

const sites = simulatedSites([100, 60, 40, 40], { seed: 'estimates', shift: -0.5, stretch: 1.4 })
const pooled = allPasses(sites, 5)

/** Those of a level of `sex`, or of all, in one place. */
function rowsOf(level: string) {
  return [...sites.values()].flatMap(({ test: landmarks, followUp }) =>
    decided(landmarks, horizonDays, censoringCurveFor(followUp, pooled, horizonDays)).filter(
      ({ groups }) => level === 'all' || groups.sex === level,
    ),
  )
}

describe('figures of the whole and of a group at a threshold', () => {
  test.each(['ruleOut', 'ruleIn'] as const)('are those of their landmarks in one place, at %s', (name) => {
    const group = pooled.thresholds[name]
    if (group === null) throw new Error('no threshold was chosen')
    for (const part of [wholePart, { family: 'sex', level: 'female' }, { family: 'sex', level: 'male' }]) {
      const { family, level } = part
      expect(pooled.test.find((one) => one.family === family && one.level === level)?.sites).toHaveLength(sites.size)
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
        // Wider where the threshold cuts cells, as it is then not known who lies above: the values are guessed as far.
        const width = half / (normalQuantile * error)
        expect(width, `${level} ${metric}`).toBeGreaterThan(0.85)
        expect(width, `${level} ${metric}`).toBeLessThan(level === 'all' ? 1.2 : 1.4)
      }
    }
  })
})
