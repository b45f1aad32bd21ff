import { expect, test } from 'vitest'
import { censoringCurveFor } from './answer.ts'
import { figuresAt, influenceAt, thresholdMetricNames } from './at-threshold.ts'
import { noRecalibration, recalibrated } from './calibration/recalibration.ts'
import { decided } from './censoring.ts'
import { squaredInfluence, summarise } from './figures.ts'
import type { DecidedLandmark } from './landmark.ts'
import { ownAtThreshold, ownThresholdFigure, spreadCells, squaresAtThreshold } from './own-thresholds.ts'
import { edgeRisk, riskBinCount, riskBinOf } from './risk-bins.ts'
import type { StratumCells } from './site-answer.ts'
import { allPasses, horizonDays, simulatedSites } from './testsupport/simulated-landmarks.ts'

test.each([1, 5])(
  'a site’s figures at the thresholds are those of its landmarks, as near as cells of %i tell',
  (minCell) => {
    const sites = simulatedSites([100, 60, 40, 30], { seed: 'own-thresholds', shift: -0.5, stretch: 1.4 })
    const pooled = allPasses(sites, minCell)
    for (const [site, { test: landmarks, followUp }] of sites) {
      const rows = decided(landmarks, horizonDays, censoringCurveFor(followUp, pooled, horizonDays))
      const { curve } = summarise(rows, { count: riskBinCount, groupOf: riskBinOf })
      const own = pooled.sites.find((one) => one.site === site)?.consortium ?? {}
      for (const name of ['ruleOut', 'ruleIn'] as const) {
        const group = pooled.thresholds[name]
        if (group === null) throw new Error('a threshold was chosen')
        const threshold = { group, risk: recalibrated(edgeRisk(group), pooled.recalibration ?? noRecalibration) }
        const exact = figuresAt(curve, threshold)
        const squares = squaredInfluence(rows, influenceAt(curve, threshold, riskBinOf))
        for (const metric of thresholdMetricNames) {
          const { value = Number.NaN, error } = own[ownThresholdFigure(name, metric)] ?? {}
          const exactError = Math.sqrt(squares[metric] ?? Number.NaN)
          const place = `${site} ${name} ${metric}`
          expect(Math.abs(value - exact[metric]), place).toBeLessThan((minCell === 1 ? 1e-6 : 0.8) * exactError)
          expect((error ?? Number.NaN) / exactError, place).toBeGreaterThan(minCell === 1 ? 1 - 1e-6 : 0.9)
          expect((error ?? Number.NaN) / exactError, place).toBeLessThan(minCell === 1 ? 1 + 1e-6 : 1.35)
        }
      }
    }
  },
)

test('they follow from cells alone: which of a cell’s landmarks lie above the threshold that cuts it changes nothing', () => {
  const row = (child: string, risk: number, outcome: 0 | 1): DecidedLandmark => ({
    ...{ child, risk, outcome, visits: 1, day: 0, timeDays: 400, event: outcome === 1, riskByShown: [], groups: {} },
    weight: 1,
  })
  const cell = (from: number, to: number, weight: number) => ({
    ...{ from, to, children: weight, weight, risk: 0.5 * weight, squaredRisk: 0.27 * weight },
  })
  const cells: StratumCells = {
    ...{ family: 'all', level: 'all', children: 10, landmarks: 10, auroc: 0.5, logLoss: 1 },
    cases: [cell(0, riskBinCount, 5)],
    controls: [cell(0, riskBinCount, 5)],
  }
  const own = spreadCells(cells)
  const threshold = { group: riskBinOf(0.5), risk: 0.5 }
  const rowsOf = (casesAbove: number, controlsAbove: number) =>
    Array.from({ length: 5 }, (_, index) => [
      row(`case ${index}`, index < casesAbove ? 0.9 : 0.1, 1),
      row(`control ${index}`, index < controlsAbove ? 0.9 : 0.1, 0),
    ]).flat()
  const figures = (casesAbove: number, controlsAbove: number) =>
    ownAtThreshold('ruleIn', threshold, own, rowsOf(casesAbove, controlsAbove))
  const told = figures(1, 4)
  expect(told.rule_in_sensitivity?.value).toBeGreaterThan(0.3)
  expect(figures(4, 0)).toEqual(told)
  const squares = (casesAbove: number, controlsAbove: number) =>
    squaresAtThreshold(own.curve, threshold, own, rowsOf(casesAbove, controlsAbove))
  expect(squares(1, 4).sensitivity).toBeGreaterThan(0)
  expect(squares(4, 0)).toEqual(squares(1, 4))
})
