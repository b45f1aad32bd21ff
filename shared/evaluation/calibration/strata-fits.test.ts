import { expect, test } from 'vitest'
import { answerPass, censoringCurveFor } from '../answer.ts'
import { decided } from '../censoring.ts'
import type { DecidedLandmark } from '../landmark.ts'
import { poolAnswers } from '../pool.ts'
import type { Pooled } from '../pooled.ts'
import { scansLevelOf } from '../suppression/strata.ts'
import { allPasses, horizonDays, simulatedSites } from '../testsupport/simulated-landmarks.ts'
import { fitLine } from './calibration-fit.ts'
import { noRecalibration, recalibrated } from './recalibration.ts'
import { stratumFitName } from './strata-fits.ts'

const levelOf: Readonly<Record<string, (row: DecidedLandmark) => string | undefined>> = {
  sex: ({ groups }) => groups.sex,
  scans: ({ visits }) => scansLevelOf(visits),
}

/** Parts by sex and by number of scans, each with its landmarks in one place. */
function partsInOnePlace(sites: ReturnType<typeof simulatedSites>, pooled: Pooled) {
  return pooled.test.flatMap((part) => {
    const of = levelOf[part.family]
    if (of === undefined) return []
    const rows = [...sites].flatMap(([site, { test: landmarks, followUp }]) =>
      part.sites.includes(site)
        ? decided(landmarks, horizonDays, censoringCurveFor(followUp, pooled, horizonDays)).filter(
            (row) => of(row) === part.level,
          )
        : [],
    )
    return [{ part, rows }]
  })
}

test.each([
  ['too extreme a model at large sites', [100, 60, 40, 40], 3, -1],
  ['too timid a model', [80, 80, 80], 0.3, 0],
  ['small sites with wide cells', [30, 25, 25, 25, 25], 1, 0],
] as const)('parts of %s have the calibration lines of their landmarks in one place', (seed, sizes, stretch, shift) => {
  const sites = simulatedSites(sizes, { seed, stretch, shift })
  const pooled = allPasses(sites, 5)
  const parts = partsInOnePlace(sites, pooled)
  expect(parts.length).toBeGreaterThan(3)
  for (const { part, rows } of parts) {
    const after = rows.map((row) => ({ ...row, risk: recalibrated(row.risk, pooled.recalibration ?? noRecalibration) }))
    for (const [fit, exact] of [
      ['test', fitLine(rows, 'line')],
      ['testIntercept', fitLine(rows, 'intercept')],
      ['consortiumIntercept', fitLine(after, 'intercept')],
    ] as const) {
      const ours = pooled.fits[stratumFitName(fit, part)]
      const place = `${fit} of ${part.family} ${part.level}`
      for (const [value, error] of [
        ...(exact.kind === 'line' ? [['slope', 'slopeError'] as const] : []),
        ['intercept', 'interceptError'] as const,
      ]) {
        const allowed = 0.01 * (exact[error] ?? Number.NaN)
        expect(Math.abs((ours?.[value] ?? Number.NaN) - exact[value]), place).toBeLessThan(allowed)
        expect(Math.abs((ours?.[error] ?? Number.NaN) / (exact[error] ?? Number.NaN) - 1), place).toBeLessThan(0.03)
      }
    }
  }
})

test('a part to which one of its sites sends no sums, as an older program does not, takes no step; others do', () => {
  const sites = simulatedSites([60, 60], { seed: 'older' })
  const counted = allPasses(sites, 5, { passes: 2 })
  const answers = [...sites].map(([site, landmarks]) => {
    const question = {
      site,
      assignment: 'a/1/2',
      pass: 'calibration',
      pooled: counted,
      horizonDays,
      minCell: 5,
    } as const
    return answerPass(landmarks, question)
  })
  const [first, second] = answers
  if (first === undefined || second?.pass !== 'calibration') throw new Error('both sites answer')
  const strataFits = second.strataFits?.filter(({ family }) => family !== 'sex')
  const aims = { ruleOutNpv: 0.9, ruleInPpv: 0.5 }
  const after = poolAnswers(counted, [first, { ...second, strataFits }], { horizonDays, minCell: 5, aims })
  expect(after.fits['test/scans/1']?.lastStep).toBeGreaterThan(0)
  const ofSex = Object.entries(after.fits).filter(([name]) => name.includes('/sex/'))
  expect(ofSex).toHaveLength(4)
  for (const [name, fit] of ofSex) expect(fit).toEqual(counted.fits[name])
  expect(after.fits['test/sex/female']?.lastStep).toBe(null)
  expect(after.fits.test?.slope).toBe(poolAnswers(counted, answers, { horizonDays, minCell: 5, aims }).fits.test?.slope)
})

test('a site asks nothing of parts that a coordinator of an older program does not fit', () => {
  const sites = simulatedSites([60], { seed: 'older' })
  const counted = allPasses(sites, 5, { passes: 2 })
  const [site, landmarks] = [...sites][0] ?? []
  if (site === undefined || landmarks === undefined) throw new Error('there is a site')
  const { validation, validationIntercept, test: line, testIntercept } = counted.fits
  if (!validation || !validationIntercept || !line || !testIntercept) throw new Error('the whole was fitted')
  const pooled = { ...counted, fits: { validation, validationIntercept, test: line, testIntercept } }
  const answer = answerPass(landmarks, { site, assignment: 'a', pass: 'calibration', pooled, horizonDays, minCell: 5 })
  expect(answer).not.toHaveProperty('strataFits')
})
