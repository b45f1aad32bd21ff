import { describe, expect, test } from 'vitest'
import { evaluationPasses } from '../../shared/evaluation/passes.ts'
import type { Pooled } from '../../shared/evaluation/pooled.ts'
import { allPasses, simulatedSites } from '../../shared/evaluation/testsupport/simulated-landmarks.ts'
import type { RoundStatus } from '../status.ts'
import { modelCard } from './card.ts'
import { type EvaluationReport, evaluationReport } from './report.ts'
import { pooled as example, run, study } from './testsupport/example-evaluation.ts'

/** Three sites, at the last of which risks are far too high and not steep enough. */
const sites = new Map([
  ...simulatedSites([45, 40], { seed: 'present' }),
  ...[...simulatedSites([1, 1, 45], { seed: 'absent', shift: 2, stretch: 0.6 })].slice(2),
])
const [counts, firstStep, secondStep, recalibration, influence] = [1, 2, 3, 4, 5]

/** Passes that sites miss. */
type Missed = Readonly<Record<string, readonly number[]>>

const pooledWithout = (missed: Missed): Pooled =>
  allPasses(sites, 5, { isAbsent: (site, pass) => missed[site]?.includes(pass) ?? false })
const reportOf = (pooled: Pooled, missed: Missed = {}): EvaluationReport =>
  evaluationReport({ run: runWithout(missed), study, pooled, nowMs: 0 })
const reportWithout = (missed: Missed): EvaluationReport => reportOf(pooledWithout(missed), missed)
const full = reportWithout({})

describe('an evaluation of which a site misses a pass', () => {
  test('takes no step of calibration with the rest, who are other children', () => {
    const pooled = pooledWithout({ 'site-2': [firstStep, secondStep, recalibration, influence] })
    const left = reportOf(pooled)
    const byCells =
      (left.performance.raw.auroc?.value ?? Number.NaN) - (full.performance.raw.auroc?.value ?? Number.NaN)
    expect(Math.abs(byCells)).toBeLessThan(0.002)
    expect(left.performance.raw.auroc?.low).toBe(null)
    expect(full.performance.raw.calibration_slope?.value).toBeLessThan(1)
    expect(left.performance.raw.calibration_slope).toBe(null)
    expect(left.recalibration?.kind).toBe('none')
    const card = modelCard({ run, study, pooled, report: left })
    expect(card.calibrationLines).toEqual({ consortium: null, site: null })
  })

  test.each([firstStep, secondStep])('recalibrates with the step of the other pass where that is pass %i', (pass) => {
    const { recalibration: ours } = reportWithout({ 'site-2': [pass ?? 0] })
    expect(full.recalibration?.kind).toBe('platt')
    expect(ours?.kind).toBe('platt')
    expect(ours?.slope).toBeCloseTo(full.recalibration?.slope ?? Number.NaN, 1)
    expect(ours?.intercept).toBeCloseTo(full.recalibration?.intercept ?? Number.NaN, 1)
  })

  test('gives no recalibrated figures of fewer children than stand beside them', () => {
    const { performance, curves, parts } = reportWithout({ 'site-2': [recalibration] })
    expect(Object.keys(full.performance.consortium)).toContain('brier')
    for (const figures of [performance.consortium, performance.site]) expect(figures).not.toHaveProperty('brier')
    expect(performance.consortium.auroc).toEqual(performance.raw.auroc)
    expect(curves.reliability).toMatchObject({ consortium: [], site: [] })
    const [part] = parts.filter(({ family, sites: of }) => family === 'sex' && of === 3)
    expect(part?.raw).toHaveProperty('brier')
    expect(part?.recalibrated).not.toHaveProperty('brier')
  })

  test('leaves intervals out, though as many sites answered as were counted', () => {
    const { performance } = reportWithout({ 'site-2': [counts], 'site-0': [influence] })
    expect(performance.raw.brier).toMatchObject({ low: null, high: null })
    expect(performance.consortium.mean_risk).toMatchObject({ low: null, high: null })
  })

  test('takes nothing later of a site that was not counted', () => {
    const never = [counts, firstStep, secondStep, recalibration, influence]
    const { recalibrated, variances, fits, test: judged } = pooledWithout({ 'site-2': [counts] })
    const other = pooledWithout({ 'site-2': never.map((pass) => pass ?? 0) })
    expect({ recalibrated, variances, fits, judged }).toEqual({
      ...{ recalibrated: other.recalibrated, variances: other.variances, fits: other.fits, judged: other.test },
    })
  })

  test('names the site and the passes', () => {
    expect(full.cautions.join()).not.toContain('every pass')
    const { cautions } = reportOf(example, { 'site-1': [secondStep, influence] })
    expect(cautions.join('\n')).toContain('Did not answer every pass of the evaluation: site-1 (pass 4 and 6 of 6).')
  })
})

/** The example's run with an evaluation in which those sites did not count. */
function runWithout(missed: Missed): typeof run {
  const rounds = evaluationPasses.map(
    (_, round): RoundStatus => ({
      ...{ stage: 1, round, task: 'recurrence', state: 'published', purpose: 'pass', openedAtMs: 0, late: [] },
      ...{ baseDigest: run.weightsDigest ?? '', metrics: [] },
      sites: [...sites.keys()].map((site) => ({
        site,
        outcome: missed[site]?.includes(round) ? 'missing' : 'counted',
      })),
    }),
  )
  return { ...run, rounds }
}
