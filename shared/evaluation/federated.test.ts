import { beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { censoringCurveFor, type SiteLandmarks } from './answer.ts'
import { influenceAt, thresholdMetricNames } from './at-threshold.ts'
import { fitLine } from './calibration/calibration-fit.ts'
import { noRecalibration, recalibrated } from './calibration/recalibration.ts'
import { decided } from './censoring.ts'
import { evaluationMetrics } from './evaluation-metrics.ts'
import { exactGroups, figuresOf, influenceOf, squaredInfluence, summarise } from './figures.ts'
import type { DecidedLandmark } from './landmark.ts'
import { type RiskScale, riskScales } from './passes.ts'
import type { Pooled } from './pooled.ts'
import { edgeRisk, riskBinCount, riskBinOf } from './risk-bins.ts'
import { smallestCell } from './site-answer.ts'
import { allPasses, horizonDays, simulatedSites } from './testsupport/simulated-landmarks.ts'

// Children of the test fold at each site. Consortia as small as real ones are further below.
const sizes = [100, 60, 40, 40, 30, 30]
const sites = simulatedSites(sizes, { seed: 'federated', shift: -0.5, stretch: 1.4 })

function sitesAmong(names: readonly string[] = [], all = sites): ReadonlyMap<string, SiteLandmarks> {
  return new Map([...all].filter(([site]) => names.includes(site)))
}

/** All test landmarks in one place. Where few are censored, weights come from what the first pass finds. */
function rowsInOnePlace(minCell: number): readonly DecidedLandmark[] {
  const firstPass = allPasses(sites, minCell, { passes: 1 })
  return [...sites.values()].flatMap(({ test: landmarks, followUp }) =>
    decided(landmarks, horizonDays, censoringCurveFor(followUp, firstPass, horizonDays)),
  )
}

/** Test landmarks of all sites with their risks as given, recalibrated by the consortium, or each by its own site. */
function onScale(
  all: ReadonlyMap<string, SiteLandmarks>,
  pooled: Pooled,
  scale: RiskScale,
): readonly DecidedLandmark[] {
  const consortium = pooled.recalibration ?? noRecalibration
  return [...all].flatMap(([id, { test: landmarks, followUp }]) => {
    const own = pooled.sites.find(({ site }) => site === id)?.recalibration ?? noRecalibration
    const line = scale === 'site' && own.kind !== 'none' ? own : consortium
    const judged = decided(landmarks, horizonDays, censoringCurveFor(followUp, pooled, horizonDays))
    return scale === 'raw' ? judged : judged.map((row) => ({ ...row, risk: recalibrated(row.risk, line) }))
  })
}

/** Slopes and intercepts to 0.001, and their errors within 3 %: they are taken where the last step began. */
function expectLinesAfterRecalibration(all: ReadonlyMap<string, SiteLandmarks>, pooled: Pooled): void {
  const { site, siteIntercept, consortiumIntercept } = pooled.fits
  const [bySite, byConsortium] = [onScale(all, pooled, 'site'), onScale(all, pooled, 'consortium')]
  const line = fitLine(bySite, 'line')
  expect(Math.abs((site?.slope ?? 0) - line.slope)).toBeLessThan(1e-3)
  expect(Math.abs((site?.slopeError ?? 0) / (line.slopeError ?? 0) - 1)).toBeLessThan(0.03)
  for (const [ours, exact] of [
    [site, line],
    [siteIntercept, fitLine(bySite, 'intercept')],
    [consortiumIntercept, fitLine(byConsortium, 'intercept')],
  ] as const) {
    expect(Math.abs((ours?.intercept ?? 0) - exact.intercept)).toBeLessThan(1e-3)
    expect(Math.abs((ours?.interceptError ?? 0) / (exact.interceptError ?? 0) - 1)).toBeLessThan(0.03)
  }
}

/** Of two intervals, from the squared influences that they are made of. */
function widthRatio(
  ours: Readonly<Record<string, number>> | undefined,
  exact: Readonly<Record<string, number>>,
  name: string,
): number {
  return Math.sqrt((ours?.[name] ?? Number.NaN) / (exact[name] ?? Number.NaN))
}

const summaryMetricNames = Object.keys(evaluationMetrics).filter((name) => !name.startsWith('calibration_'))

describe.each([1, 5])('federated figures with cells of at least %i children', (minCell) => {
  const rows = rowsInOnePlace(minCell)
  const groups = exactGroups(rows)
  const summary = summarise(rows, groups)
  const pooledFigures = figuresOf(summary)
  let federated: Pooled
  const smallest: number[] = []
  beforeAll(() => {
    federated = allPasses(sites, minCell, { onAnswer: (answer) => smallest.push(smallestCell(answer)) })
  })

  test('rest on no smaller cell', () => {
    expect(Math.min(...smallest)).toBeGreaterThanOrEqual(minCell)
  })

  test('have the AUROC of all rows in one place, within 0.002', () => {
    expect(Math.abs((federated.test[0]?.summary.auroc ?? 0) - pooledFigures.auroc)).toBeLessThan(0.002)
  })

  test('have its Brier score, log loss, event rate and mean risk exactly', () => {
    const figures = figuresOf(federated.test[0]?.summary ?? summary)
    for (const name of ['brier', 'brier_scaled', 'log_loss', 'event_rate', 'mean_risk'] as const) {
      expect(figures[name]).toBeCloseTo(pooledFigures[name], 8)
    }
  })

  test('have its area under the precision-recall curve and calibration error, as near as cells allow', () => {
    const figures = figuresOf(federated.test[0]?.summary ?? summary)
    expect(Math.abs(figures.auprc - pooledFigures.auprc)).toBeLessThan(minCell === 1 ? 0.005 : 0.02)
    expect(Math.abs(figures.ece - pooledFigures.ece)).toBeLessThan(minCell === 1 ? 0.005 : 0.02)
  })

  test.each(riskScales)('have intervals as wide as those of all rows in one place, within 5 %: %s risks', (scale) => {
    const scaled = onScale(sites, federated, scale)
    const inOnePlace = summarise(scaled, exactGroups(scaled))
    const exact = squaredInfluence(scaled, influenceOf(inOnePlace, exactGroups(scaled).groupOf))
    for (const name of summaryMetricNames) {
      if (name === 'ece') continue
      expect(Math.abs(widthRatio(federated.variances[0]?.[scale], exact, name) - 1), name).toBeLessThan(0.05)
    }
  })

  // In a bin of risk whose mean is the event rate, cells decide by a hair which of the two counts as larger, and that
  // turns what its landmarks do to the calibration error around: 25 % are seen in other simulations.
  test.each(riskScales)(
    'have an interval of the calibration error as wide as it would be, within 30 %: %s risks',
    (scale) => {
      const scaled = onScale(sites, federated, scale)
      const inOnePlace = summarise(scaled, exactGroups(scaled))
      const exact = squaredInfluence(scaled, influenceOf(inOnePlace, exactGroups(scaled).groupOf))
      expect(Math.abs(widthRatio(federated.variances[0]?.[scale], exact, 'ece') - 1)).toBeLessThan(0.3)
    },
  )

  test('have intervals at both thresholds as wide as those of all rows in one place, within 5 %', () => {
    const { curve } = summarise(rows, { count: riskBinCount, groupOf: riskBinOf })
    for (const name of ['ruleOut', 'ruleIn'] as const) {
      const group = federated.thresholds[name] ?? Number.NaN
      const risk = recalibrated(edgeRisk(group), federated.recalibration ?? noRecalibration)
      const exact = squaredInfluence(rows, influenceAt(curve, { group, risk }, riskBinOf))
      for (const metric of thresholdMetricNames) {
        const ratio = Math.sqrt((federated.variances[0]?.[name]?.[metric] ?? 0) / (exact[metric] ?? 0))
        expect(Math.abs(ratio - 1), `${name} ${metric}`).toBeLessThan(0.05)
      }
    }
  })

  test('have the calibration line of all rows in one place', () => {
    const [line, intercept] = [fitLine(rows, 'line'), fitLine(rows, 'intercept')]
    const { test: ours, testIntercept } = federated.fits
    expect(ours?.slope).toBeCloseTo(line.slope, 4)
    expect(ours?.intercept).toBeCloseTo(line.intercept, 4)
    expect(ours?.slopeError).toBeCloseTo(line.slopeError ?? 0, 3)
    expect(testIntercept?.intercept).toBeCloseTo(intercept.intercept, 4)
  })

  test('have the calibration lines after recalibration of all rows in one place', () => {
    expectLinesAfterRecalibration(sites, federated)
  })

  test('have the calibration line of a model that is far too extreme', () => {
    const extreme = simulatedSites(sizes, { seed: 'federated', shift: -2, stretch: 5 })
    const firstPass = allPasses(extreme, minCell, { passes: 1 })
    const inOnePlace = [...extreme.values()].flatMap(({ test: landmarks, followUp }) =>
      decided(landmarks, horizonDays, censoringCurveFor(followUp, firstPass, horizonDays)),
    )
    const line = fitLine(inOnePlace, 'line')
    const { test: ours } = allPasses(extreme, minCell).fits
    expect(line.slope).toBeLessThan(0.3)
    expect(Math.abs((ours?.slope ?? 0) / line.slope - 1)).toBeLessThan(0.02)
    expect(Math.abs((ours?.intercept ?? 0) - line.intercept)).toBeLessThan(0.01)
  })

  test('show that recalibration on the validation folds mends a model that is too extreme', () => {
    const before = figuresOf(federated.test[0]?.summary ?? summary)
    const after = figuresOf(federated.recalibrated[0]?.consortium ?? summary)
    expect(federated.recalibration?.slope).toBeLessThan(0.9)
    expect(after.log_loss).toBeLessThan(before.log_loss)
    expect(after.ece).toBeLessThan(before.ece)
    expect(after.auroc).toBeCloseTo(before.auroc, 2)
    const line = federated.recalibration ?? { intercept: 0, slope: 1 }
    const moved = rows.map((row) => ({ ...row, risk: recalibrated(row.risk, line) }))
    expect(after.log_loss).toBeCloseTo(figuresOf(summarise(moved, exactGroups(moved))).log_loss, 8)
  })

  test('find the same figures for the parts of a family as for their rows in one place', () => {
    for (const level of ['female', 'male']) {
      const part = federated.test.find((one) => one.family === 'sex' && one.level === level)
      const theirs = onScale(sitesAmong(part?.sites), federated, 'raw').filter(({ groups: { sex } }) => sex === level)
      expect(part?.sites.length, level).toBeGreaterThan(minCell === 1 ? 5 : 3)
      expect(part?.landmarks).toBe(theirs.length)
      const { auroc } = summarise(theirs, exactGroups(theirs))
      // Between sites a group is ordered by its cells alone.
      expect(Math.abs((part?.summary.auroc ?? Number.NaN) - auroc), level).toBeLessThan(minCell === 1 ? 0.005 : 0.01)
    }
  })
})

// Sites of 530 children in all, of whom a fifth are in the test folds: three to six of them are heard.
describe.each([1, 2, 3, 4, 5, 6])(
  'a consortium of 530 children, simulation %i, on the children of the sites that are heard',
  (simulation) => {
    const small = simulatedSites([30, 24, 20, 14, 10, 8], { seed: `small/${simulation}`, shift: -0.5, stretch: 1.4 })
    const federated = allPasses(small, 5)
    const heard = sitesAmong(federated.test[0]?.sites, small)

    test('names the others', () => {
      expect(heard.size).toBeGreaterThan(2)
      const silent = federated.sites.filter(({ children }) => children === null).map(({ site }) => site)
      expect([...heard.keys(), ...silent].sort()).toEqual([...small.keys()])
    })

    test.each(riskScales)(
      'has the AUROC of all rows in one place within 0.002, and its interval within 5 %: %s risks',
      (scale) => {
        const rows = onScale(heard, federated, scale)
        const groups = exactGroups(rows)
        const inOnePlace = summarise(rows, groups)
        const exact = squaredInfluence(rows, influenceOf(inOnePlace, groups.groupOf))
        // One rising line changes no order, so the report gives the AUROC of risks as given.
        const ours = scale === 'site' ? federated.recalibrated[0]?.site : federated.test[0]?.summary
        expect(Math.abs((ours?.auroc ?? Number.NaN) - inOnePlace.auroc)).toBeLessThan(0.002)
        for (const name of ['auroc', 'brier', 'log_loss', 'event_rate', 'mean_risk']) {
          expect(Math.abs(widthRatio(federated.variances[0]?.[scale], exact, name) - 1), name).toBeLessThan(0.05)
        }
      },
    )
  },
)

describe('a consortium of 220 children, of whose sites at most three are heard', () => {
  const simulations = Array.from({ length: 12 }, (_, at) => {
    const tiny = simulatedSites([14, 10, 8, 5, 4, 3], { seed: `small/${at + 1}`, shift: -0.5, stretch: 1.4 })
    const federated = allPasses(tiny, 5)
    const rows = onScale(sitesAmong(federated.test[0]?.sites, tiny), federated, 'raw')
    const groups = exactGroups(rows)
    const inOnePlace = summarise(rows, groups)
    const exact = squaredInfluence(rows, influenceOf(inOnePlace, groups.groupOf))
    return { federated, auroc: inOnePlace.auroc, exact, heard: federated.test[0]?.sites.length ?? 0 }
  })

  test('has the AUROC and the interval of that site where one is', () => {
    const alone = simulations.filter(({ heard }) => heard === 1)
    expect(alone.length).toBeGreaterThan(3)
    for (const { federated, auroc, exact } of alone) {
      expect(federated.test[0]?.summary.auroc).toBeCloseTo(auroc, 10)
      expect(widthRatio(federated.variances[0]?.raw, exact, 'auroc')).toBeCloseTo(1, 10)
    }
  })

  test('has the AUROC of their rows in one place within a fifth of its standard error where more are, and the interval within 10 %', () => {
    const several = simulations.filter(({ heard }) => heard > 1)
    expect(several.length).toBeGreaterThan(3)
    for (const { federated, auroc, exact } of several) {
      const off = Math.abs((federated.test[0]?.summary.auroc ?? Number.NaN) - auroc)
      expect(off).toBeLessThan(Math.sqrt(exact.auroc ?? 0) / 5)
      expect(off).toBeLessThan(0.01)
      expect(Math.abs(widthRatio(federated.variances[0]?.raw, exact, 'auroc') - 1)).toBeLessThan(0.1)
    }
  })
})

test.each([
  { seed: 'lines/1', shift: -0.5, stretch: 1.4 },
  { seed: 'lines/2', shift: -2, stretch: 5 },
])('calibration after recalibration is that of rows in one place at few and small sites: $seed', (simulation) => {
  const few = simulatedSites([30, 25, 30], simulation)
  expectLinesAfterRecalibration(few, allPasses(few, 5))
})

test('intervals by influence are as wide as a bootstrap of children, within 5 %', () => {
  const rows = rowsInOnePlace(5)
  const groups = exactGroups(rows)
  const random = seededRandom('bootstrap')
  const byChild = [...Map.groupBy(rows, ({ child }) => child).values()]
  const draws = Array.from({ length: 1000 }, () => {
    const drawn = Array.from({ length: byChild.length }, () => byChild[random.integer(byChild.length)] ?? []).flat()
    return figuresOf(summarise(drawn, exactGroups(drawn)))
  })
  const exact = squaredInfluence(rows, influenceOf(summarise(rows, groups), groups.groupOf))
  for (const name of ['auroc', 'brier', 'event_rate'] as const) {
    const values = draws.map((one) => one[name])
    const mean = values.reduce((a, b) => a + b, 0) / values.length
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1))
    expect(Math.abs(Math.sqrt(exact[name] ?? 0) / deviation - 1)).toBeLessThan(0.05)
  }
})

test('intervals are as wide where all risks of a site stand in few bins, as those of a model that has learnt little do', () => {
  const squeezed = simulatedSites([80], { seed: 'squeezed', stretch: 0.01 })
  const pooled = allPasses(squeezed, 5)
  const [site] = squeezed.values()
  if (site === undefined) throw new Error('there is a site')
  const own = decided(site.test, horizonDays, censoringCurveFor(site.followUp, pooled, horizonDays))
  expect(new Set(own.map(({ risk }) => riskBinOf(risk))).size).toBeLessThan(4)
  const groups = exactGroups(own)
  const exact = squaredInfluence(own, influenceOf(summarise(own, groups), groups.groupOf))
  expect(Math.abs(Math.sqrt((pooled.variances[0]?.raw.auroc ?? 0) / (exact.auroc ?? 0)) - 1)).toBeLessThan(0.05)
  // One rising line changes no order.
  expect(pooled.variances[0]?.consortium.auroc).toBe(pooled.variances[0]?.raw.auroc)
})

test('answers do not depend on the order of sites or of landmarks', () => {
  const turned = new Map(
    [...sites].reverse().map(([site, landmarks]) => {
      const { validation, test: tested, scans } = landmarks
      const turnedScans = { validation: [...scans.validation].reverse(), test: [...scans.test].reverse() }
      const folds = { validation: [...validation].reverse(), test: [...tested].reverse(), scans: turnedScans }
      return [site, { ...landmarks, ...folds }] as const
    }),
  )
  const [first, second] = [allPasses(sites, 5), allPasses(turned, 5)]
  expect(second.test[0]?.summary.auroc).toBeCloseTo(first.test[0]?.summary.auroc ?? 0, 10)
  expect(second.thresholds).toEqual(first.thresholds)
  expect(second.fits.test?.slope).toBeCloseTo(first.fits.test?.slope ?? 0, 10)
  expect(second.pairs.map(({ sums }) => sums)).toEqual(first.pairs.map(({ sums }) => sums))
  expect(second.probe.sites).toEqual(first.probe.sites)
})

test('children with an event are counted once, however many landmarks they have, or not at all', () => {
  const first = [...sites][0]
  if (first === undefined) throw new Error('no sites')
  const pooled = allPasses(new Map([first]), 5)
  const rows = decided(first[1].test, horizonDays, censoringCurveFor(first[1].followUp, pooled, horizonDays))
  const withEvent = new Set(rows.filter(({ outcome }) => outcome === 1).map(({ child }) => child)).size
  expect(pooled.sites[0]?.events).toBe(withEvent)
  const most = new Set(rows.map(({ child }) => child)).size - withEvent + 1
  expect(allPasses(new Map([first]), most).sites[0]?.events ?? null).toBe(null)
})

test('a site with too few children with an event sends nothing of its folds', () => {
  const small = simulatedSites([6], { seed: 'tiny' })
  const pooled = allPasses(small, 5)
  expect(pooled.test).toEqual([])
  expect(pooled.sites).toMatchObject([{ site: 'site-0', children: null, raw: null }])
})
