import { describe, expect, test } from 'vitest'
import { bandAt } from '../../shared/evaluation/calibration/calibration-band.ts'
import { beforeRecalibration, recalibrated } from '../../shared/evaluation/calibration/recalibration.ts'
import { exampleCard } from '../../shared/evaluation/testsupport/example-card.ts'
import { calibrate, movedAlong, recalibrationFor, shownThresholds, zoneOf } from './calibration.ts'

const plain = { intercept: 0, slope: 1, kind: 'platt' } as const
/** A card whose recalibration changes nothing, so that thresholds meet the model's own risks. */
const card = exampleCard({ recalibration: { consortium: plain, sites: {} } })

describe('a recalibrated risk', () => {
  test('is the site’s own where the card has one, the consortium’s elsewhere, and none where events were too few', () => {
    const some = exampleCard()
    expect(recalibrationFor(some, 'boston')).toBe('site')
    expect(recalibrationFor(some, 'zurich')).toBe('consortium')
    const none = { intercept: 0, slope: 1, kind: 'none' } as const
    expect(recalibrationFor(exampleCard({ recalibration: { consortium: none, sites: { a: none } } }), 'a')).toBe(
      undefined,
    )
    expect(calibrate(some, 'boston', 'site', 0.3).risk).toBe(recalibrated(0.3, { intercept: -0.3, slope: 1 }))
    expect(calibrate(some, 'zurich', 'consortium', 0.3).risk).toBe(recalibrated(0.3, { intercept: -0.4, slope: 0.8 }))
  })

  test('comes with the interval in which such risks held, by whose recalibration it is', () => {
    const some = exampleCard()
    const { consortium, site } = some.calibrationLines
    if (consortium === null || site === null) throw new Error('the example has no lines')
    const common = calibrate(some, 'zurich', 'consortium', 0.3)
    expect(common.seen).toEqual({ ...bandAt(consortium, common.risk), children: 41 })
    const own = calibrate(some, 'boston', 'site', 0.3)
    expect(own.seen).toEqual({ ...bandAt(site, own.risk), children: 41 })
  })

  test('has no interval where the evaluation fitted no line', () => {
    const calibrationLines = { consortium: null, site: null }
    expect(calibrate({ ...card, calibrationLines }, 'x', 'consortium', 0.3).seen).toBe(undefined)
  })
})

describe('a zone', () => {
  const threshold = (risk: number) => ({ risk, chosenFor: '', figures: {} })
  test('is below the lower threshold, from the upper one on, or grey', () => {
    const both = { ruleOut: threshold(0.1), ruleIn: threshold(0.4) }
    expect([0.09, 0.1, 0.39, 0.4].map((risk) => zoneOf(both, risk))).toEqual(['rule-out', 'grey', 'grey', 'rule-in'])
  })

  test('has no end where no threshold was found, and is none without any', () => {
    expect(zoneOf({ ruleOut: threshold(0.1), ruleIn: null }, 0.99)).toBe('grey')
    expect(zoneOf({ ruleOut: null, ruleIn: threshold(0.4) }, 0.01)).toBe('grey')
    expect(zoneOf({ ruleOut: null, ruleIn: null }, 0.5)).toBe(undefined)
  })
})

describe('thresholds', () => {
  const thresholds = {
    version: exampleCard().thresholds.version,
    ruleOut: { risk: 0.1, chosenFor: '', figures: {} },
    ruleIn: { risk: 0.4, chosenFor: '', figures: {} },
  }
  const some = exampleCard({ thresholds })

  test('are those of the card where the consortium’s recalibration is shown, and none where there is none', () => {
    expect(shownThresholds(some, 'zurich', 'consortium')).toEqual({ ruleOut: 0.1, ruleIn: 0.4 })
    const none = exampleCard({ thresholds: { ...thresholds, ruleIn: null } })
    expect(shownThresholds(none, 'boston', 'site').ruleIn).toBe(null)
  })

  test('stand on the scale of a site’s own recalibration, so that each risk is on the side of its zone', () => {
    const shown = shownThresholds(some, 'boston', 'site')
    for (let raw = 0.005; raw < 1; raw += 0.01) {
      const { risk, zone } = calibrate(some, 'boston', 'site', raw)
      const side = risk >= (shown.ruleIn ?? 1) ? 'rule-in' : risk < (shown.ruleOut ?? 0) ? 'rule-out' : 'grey'
      expect(side).toBe(zone)
    }
    // On the card's scale it would not: 41 % at this hospital is less than the upper threshold, which the card has at 40 %.
    const above = calibrate(some, 'boston', 'site', beforeRecalibration(0.41, { intercept: -0.3, slope: 1 }))
    expect([above.risk > 0.4, above.zone]).toEqual([true, 'grey'])
  })
})

describe('a risk within another time', () => {
  test('moves along with the one that was recalibrated, and stays where that stays', () => {
    expect(movedAlong(0.2, { from: 0.4, to: 0.4 })).toBeCloseTo(0.2, 12)
    expect(movedAlong(0.4, { from: 0.4, to: 0.1 })).toBeCloseTo(0.1, 12)
    // Twice the hazard: the share that is free of an event is squared.
    expect(movedAlong(0.2, { from: 0.5, to: 0.75 })).toBeCloseTo(1 - 0.8 ** 2, 12)
  })

  test('is never below that of a shorter time, and never leaves 0 to 1', () => {
    for (const to of [0, 0.001, 0.3, 0.999, 1]) {
      for (const from of [0.001, 0.5, 0.999999, 1]) {
        const risks = [0, 0.1, 0.5, 0.9, 1].map((risk) => movedAlong(risk, { from, to }))
        expect(risks).toEqual(risks.toSorted((a, b) => a - b))
        for (const risk of risks) expect(risk).toBeGreaterThanOrEqual(0)
        for (const risk of risks) expect(risk).toBeLessThanOrEqual(1)
      }
    }
  })
})
