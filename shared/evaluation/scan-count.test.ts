import { describe, expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { censoringCurveFor, type SiteLandmarks } from './answer.ts'
import { decided } from './censoring.ts'
import { exactGroups, squaredInfluence, summarise } from './figures.ts'
import type { DecidedLandmark, Landmark } from './landmark.ts'
import { countStrataOf } from './pooled.ts'
import { riskBinOf } from './risk-bins.ts'
import { type CountStratum, scanCountFigures, scanCountInfluence } from './scan-count.ts'
import { scansLevelOf } from './suppression/strata.ts'
import { allPasses, horizonDays, simulatedSites } from './testsupport/simulated-landmarks.ts'

const sites = simulatedSites([100, 80, 60], { seed: 'counts', shift: -0.5, stretch: 1.4 })
const rows = [...sites.values()].flatMap(({ test: landmarks, followUp }) =>
  decided(landmarks, horizonDays, censoringCurveFor(followUp, allPasses(sites, 1, { passes: 1 }), horizonDays)),
)

/** The same children, asked of another model. */
function withRisks(riskOf: (row: Landmark) => number): ReadonlyMap<string, SiteLandmarks> {
  const judged = (landmarks: readonly Landmark[]): Landmark[] =>
    landmarks.map((row) => ({ ...row, risk: riskOf(row), riskByShown: [] }))
  return new Map(
    [...sites].map(([site, one]) => [site, { ...one, validation: judged(one.validation), test: judged(one.test) }]),
  )
}

/** Pair by pair: the weight of won pairs over that of all, ties half. */
function shareWon(
  some: readonly DecidedLandmark[],
  scoreOf: (row: DecidedLandmark) => number,
  compares: (a: DecidedLandmark, b: DecidedLandmark) => boolean = () => true,
): number {
  let [won, all] = [0, 0]
  for (const one of some.filter(({ outcome }) => outcome === 1)) {
    for (const other of some) {
      if (other.outcome === 1 || !compares(one, other)) continue
      const weight = one.weight * other.weight
      const difference = scoreOf(one) - scoreOf(other)
      won += difference > 0 ? weight : difference === 0 ? weight / 2 : 0
      all += weight
    }
  }
  return won / all
}

function strataFrom(some: readonly DecidedLandmark[]): CountStratum[] {
  return [...Map.groupBy(some, ({ visits }) => scansLevelOf(visits))].map(([level, inside]) => ({
    level,
    auroc: summarise(inside, exactGroups(inside)).auroc,
    curve: summarise(inside, { count: 50, groupOf: riskBinOf }).curve,
  }))
}

test('federated figures by number of scans are those of a loop over all pairs in one place', () => {
  const figures = scanCountFigures(countStrataOf(allPasses(sites, 1)))
  const sameCount = (a: DecidedLandmark, b: DecidedLandmark): boolean =>
    scansLevelOf(a.visits) === scansLevelOf(b.visits)
  expect(Math.abs(figures.auroc_count_matched - shareWon(rows, ({ risk }) => risk, sameCount))).toBeLessThan(0.004)
  expect(figures.auroc_count_only).toBeCloseTo(
    shareWon(rows, ({ visits }) => -Math.min(6, visits)),
    8,
  )
})

describe('a model that only counts scans', () => {
  const counting = withRisks(({ visits }) => 1 / (1 + Math.min(6, visits)))

  test('has no AUROC among landmarks with as many, and that of the count among all', () => {
    const pooled = allPasses(counting, 1)
    const figures = scanCountFigures(countStrataOf(pooled))
    expect(figures.auroc_count_matched).toBeCloseTo(0.5, 10)
    expect(figures.auroc_count_only).toBeCloseTo(pooled.test[0]?.summary.auroc ?? Number.NaN, 10)
    expect(figures.auroc_count_only).toBeGreaterThan(0.6)
  })

  test('has none either where cells hold five children and not every number of scans is told', () => {
    const strata = countStrataOf(allPasses(counting, 5))
    expect(strata.length).toBeGreaterThan(2)
    expect(scanCountFigures(strata).auroc_count_matched).toBeCloseTo(0.5, 10)
  })

  test('and sees something besides has, among landmarks with as many, what it sees', () => {
    const matched = (risks: (row: Landmark) => number): number =>
      scanCountFigures(countStrataOf(allPasses(withRisks(risks), 1))).auroc_count_matched
    const both = matched(({ visits, risk }) => (risk + 1 / (1 + visits)) / 2)
    expect(both).toBeGreaterThan(0.7)
    expect(Math.abs(both - matched(({ risk }) => risk))).toBeLessThan(0.01)
  })
})

test('their intervals are as wide as a bootstrap of children, within a tenth', () => {
  const exact = squaredInfluence(rows, scanCountInfluence(strataFrom(rows)))
  const random = seededRandom('resampled')
  const byChild = [...Map.groupBy(rows, ({ child }) => child).values()]
  const draws = Array.from({ length: 500 }, () =>
    scanCountFigures(strataFrom(byChild.flatMap(() => byChild[random.integer(byChild.length)] ?? []))),
  )
  for (const name of ['auroc_count_matched', 'auroc_count_only'] as const) {
    const values = draws.map((one) => one[name])
    const mean = values.reduce((a, b) => a + b, 0) / values.length
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1))
    expect(Math.abs(Math.sqrt(exact[name] ?? 0) / deviation - 1), name).toBeLessThan(0.1)
  }
})

test('sites send their squares for them, which add up to what all rows in one place give', () => {
  const pooled = allPasses(sites, 1)
  const exact = squaredInfluence(rows, scanCountInfluence(strataFrom(rows)))
  expect(pooled.scanCount?.sites).toHaveLength(3)
  for (const [name, value] of Object.entries(exact)) {
    expect(Math.abs((pooled.scanCount?.squares[name] ?? 0) / value - 1), name).toBeLessThan(0.1)
  }
})
