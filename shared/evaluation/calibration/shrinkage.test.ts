import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../random.ts'
import { type FitRow, fitLine, type Line } from './calibration-fit.ts'
import { logistic, logit, recalibrated } from './recalibration.ts'
import { modelPrior, recalibrationBy, recalibrationOf, siteRecalibration } from './shrinkage.ts'

/** Four landmarks a child, whose outcomes hang together; the model is off by the line `moved`. */
function validationRows(seed: string, children: number, moved: Line): FitRow[] {
  const random = seededRandom(seed)
  return Array.from({ length: children }, (_, child) => {
    const [severity, luck] = [-1.2 + random.normal(), random.uniform()]
    return Array.from({ length: 4 }, (): FitRow => {
      const truth = severity + 0.5 * random.normal()
      const outcome = (random.uniform() < 0.7 ? luck : random.uniform()) < logistic(truth) ? 1 : 0
      const risk = logistic((truth - moved.intercept) / moved.slope)
      return { child: `${seed}/${child}`, outcome, weight: 1, risk }
    })
  }).flat()
}

const events = (rows: readonly FitRow[]): number =>
  new Set(rows.filter(({ outcome }) => outcome === 1).map(({ child }) => child)).size

/** Mean log loss on many children of risks that were recalibrated by each of many small folds. */
function lossOver(folds: number, children: number, moved: Line, by: (rows: readonly FitRow[]) => Line): number {
  const tested = validationRows('tested', 3000, moved)
  const losses = Array.from({ length: folds }, (_, fold) => {
    const line = by(validationRows(`fold ${fold}`, children, moved))
    const loss = tested.reduce((sum, { risk, outcome }) => {
      const q = recalibrated(risk, line)
      return sum - Math.log(outcome === 1 ? q : 1 - q)
    }, 0)
    return loss / tested.length
  })
  return losses.reduce((sum, loss) => sum + loss, 0) / folds
}

const shrunk = (rows: readonly FitRow[]): Line => recalibrationOf(rows, modelPrior)
const alone = (rows: readonly FitRow[]): Line => fitLine(rows, events(rows) >= 20 ? 'line' : 'intercept')

describe('a recalibration drawn towards risks as they are', () => {
  test.each([
    ['right', { intercept: 0, slope: 1 }],
    ['too low', { intercept: 0.7, slope: 1 }],
    ['too extreme', { intercept: -0.3, slope: 0.6 }],
  ])('is better than the fit alone over small folds, where the model is %s', (_, moved) => {
    for (const children of [12, 25]) {
      expect(lossOver(60, children, moved, shrunk)).toBeLessThan(lossOver(60, children, moved, alone))
    }
  })

  test('mends a model that is far off from 40 children nearly as well as the fit alone', () => {
    const moved = { intercept: -1.5, slope: 1 }
    const untouched = lossOver(1, 40, moved, () => ({ intercept: 0, slope: 1 }))
    const [ours, theirs] = [lossOver(40, 40, moved, shrunk), lossOver(40, 40, moved, alone)]
    expect(untouched - ours).toBeGreaterThan(0.9 * (untouched - theirs))
  })

  test('is the fit where children are many, and lies between it and nothing where they are few', () => {
    const moved = { intercept: -0.8, slope: 0.7 }
    const many = validationRows('many', 4000, moved)
    const [fit, ours] = [fitLine(many, 'line'), shrunk(many)]
    expect(ours).toMatchObject({ kind: 'platt' })
    expect(ours.slope).toBeCloseTo(fit.slope, 2)
    expect(ours.intercept).toBeCloseTo(fit.intercept, 2)
    const few = validationRows('few', 12, { intercept: -2, slope: 1 })
    const intercept = fitLine(few, 'intercept')
    expect(events(few)).toBeLessThan(20)
    expect(shrunk(few)).toMatchObject({ kind: 'intercept', slope: 1 })
    expect(shrunk(few).intercept).toBeGreaterThan(intercept.intercept)
    expect(shrunk(few).intercept).toBeLessThan(0)
  })

  test('is the mean of a normal posterior: its distance from fit and prior balance', () => {
    const rows = validationRows('posterior', 60, { intercept: -0.5, slope: 0.7 })
    const [fit, ours] = [fitLine(rows, 'line'), shrunk(rows)]
    const [v, w, x] = fit.covariance ?? [Number.NaN, Number.NaN, Number.NaN]
    const [toFit, steeper] = [fit.intercept - ours.intercept, fit.slope - ours.slope]
    const determinant = v * x - w * w
    // V⁻¹ (fit − ours) = T⁻¹ (ours − prior)
    expect((x * toFit - w * steeper) / determinant).toBeCloseTo(ours.intercept / modelPrior.intercept ** 2, 6)
    expect((v * steeper - w * toFit) / determinant).toBeCloseTo((ours.slope - 1) / modelPrior.slope ** 2, 6)
  })

  test('is none where nothing could be fitted, and never falls', () => {
    const none = fitLine([], 'line')
    expect(recalibrationBy(none, fitLine([], 'intercept'), 50, modelPrior).kind).toBe('none')
    const falling = validationRows('falling', 400, { intercept: -0.5, slope: -1 })
    expect(fitLine(falling, 'line').slope).toBeLessThan(0)
    expect(shrunk(falling)).toMatchObject({ kind: 'intercept', slope: 1 })
  })
})

describe('a site’s recalibration', () => {
  const consortium = { intercept: -0.6, slope: 0.7 }

  test('keeps to the consortium’s with few children, and leaves it with many', () => {
    const moved = { intercept: 0.4, slope: 0.7 }
    const away = (children: number, seed: string): number =>
      siteRecalibration(validationRows(seed, children, moved), consortium).intercept - consortium.intercept
    const many = away(4000, 'many')
    const few = Array.from({ length: 40 }, (_, site) => away(10, `site ${site}`))
    const mean = few.reduce((sum, one) => sum + one, 0) / few.length
    expect(many).toBeGreaterThan(0.9)
    expect(mean).toBeGreaterThan(0.2 * many)
    expect(mean).toBeLessThan(0.8 * many)
  })

  test('is the consortium’s and then its own', () => {
    const rows = validationRows('site', 200, { intercept: 0, slope: 0.9 })
    const line = siteRecalibration(rows, consortium)
    const moved = rows.map((row) => ({ ...row, risk: recalibrated(row.risk, consortium) }))
    const own = siteRecalibration(moved, { intercept: 0, slope: 1 })
    for (const risk of [0.02, 0.3, 0.9]) {
      const inTwo = recalibrated(recalibrated(risk, consortium), own)
      expect(logit(recalibrated(risk, line))).toBeCloseTo(logit(inTwo), 6)
    }
  })

  test('is none where all had an event or none had, or nobody has a landmark', () => {
    expect(siteRecalibration([], consortium).kind).toBe('none')
    for (const outcome of [0, 1] as const) {
      const alike = ['a', 'b', 'c'].map((child) => ({ child, risk: 0.3, outcome, weight: 1 }))
      expect(siteRecalibration(alike, consortium).kind).toBe('none')
    }
  })
})
