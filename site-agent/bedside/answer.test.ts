import { describe, expect, test } from 'vitest'
import { recalibrated } from '../../shared/evaluation/calibration/recalibration.ts'
import { answerFrom } from './answer.ts'
import { movedAlong } from './calibration.ts'
import { scanFacts, usualCard, usualParts, visitRisk } from './testsupport/answers.ts'

const consortium = { intercept: -0.4, slope: 0.8 }

describe('an answer', () => {
  test('calls a risk calibrated where the card recalibrates it and the child fits', () => {
    const { calibration, visits, flags } = answerFrom(usualParts())
    expect(calibration).toEqual({ kind: 'card', by: 'consortium' })
    expect(flags).toEqual([])
    expect(visits.map(({ calibrated }) => calibrated?.risk)).toEqual([
      undefined,
      recalibrated(0.3, consortium),
      recalibrated(0.5, consortium),
    ])
    expect(visits.at(-1)?.calibrated?.zone).toBe('rule-in')
  })

  test('refuses it after one scan, and says so at that visit alone', () => {
    const { visits } = answerFrom(usualParts())
    expect(visits.map(({ refusals }) => refusals.length)).toEqual([1, 0, 0])
    expect(visits[0]).toMatchObject({ output: 0.2, refusals: [expect.stringContaining('one scan only')] })
  })

  test('refuses it at every visit for a child that the model was trained on', () => {
    const { visits } = answerFrom(usualParts({ facts: { ...usualParts().facts, part: 'train' } }))
    for (const { calibrated, refusals } of visits) {
      expect(calibrated).toBe(null)
      expect(refusals.join()).toContain('trained on this very child')
    }
  })

  test.each([
    ['there is no card', { card: undefined }, 'no model card'],
    [
      'risks did not tell children apart in the evaluation',
      {
        card: usualCard({
          calibrationLines: { consortium: { intercept: 0, slope: 0.5, covariance: [0.1, 0, 0.07] }, site: null },
        }),
      },
      'not clearly more frequent',
    ],
    [
      'events were too few to recalibrate',
      { card: usualCard({ recalibration: { consortium: { ...consortium, kind: 'none' }, sites: {} } }) },
      'too few events',
    ],
  ])('refuses it with the reason when %s', (_, changes, reason) => {
    const { calibration, visits } = answerFrom(usualParts(changes))
    expect(calibration).toEqual({ kind: 'refused', reason: expect.stringContaining(reason) })
    expect(visits.map(({ calibrated }) => calibrated)).toEqual([null, null, null])
    expect(visits.map(({ output, contribution }) => [output, contribution])).toEqual([
      [0.2, 0.1],
      [0.3, 0.1],
      [0.5, -0.2],
    ])
  })

  test('gives what a visit adds in the figures that are shown', () => {
    const { visits } = answerFrom(usualParts())
    expect(visits.at(-1)?.contribution).toBeCloseTo(recalibrated(0.5, consortium) - recalibrated(0.7, consortium), 12)
  })

  test('holds both thresholds and the short form of the card, and neither where there is no card', () => {
    const { thresholds, card } = answerFrom(usualParts())
    expect(thresholds).toEqual({ ruleOut: 0.08, ruleIn: 0.4 })
    expect(card).toMatchObject({
      model: { study: 'example' },
      tested: { children: 41, landmarks: 160, sites: 1 },
      figures: { auroc: { value: 0.78 }, eceBefore: { value: 0.09 }, eceAfter: { value: 0.03 } },
      thresholds: { ruleOut: { risk: 0.08, predictiveValue: { value: 0.78 } }, ruleIn: { predictiveValue: null } },
      excludedUse: ['decisions about a child'],
    })
    expect(answerFrom(usualParts({ card: undefined }))).toMatchObject({ thresholds: null, card: null })
  })

  test('moves risks within other times along, and leaves them as outputs where refused', () => {
    const otherRisks = [{ horizonDays: 730, risk: 0.6 }]
    const visits = [visitRisk(30, 0.2, { otherRisks }), visitRisk(120, 0.3, { otherRisks })]
    const facts = { ...usualParts().facts, scans: [scanFacts(30), scanFacts(120)] }
    const answered = answerFrom(usualParts({ facts, visits })).visits
    const moved = movedAlong(0.6, { from: 0.3, to: recalibrated(0.3, consortium) })
    const seen = answered[1]?.calibrated?.seen
    if (seen === undefined) throw new Error('the card has a line of calibration')
    const along = (end: 'low' | 'high'): number => movedAlong(0.6, { from: 0.3, to: seen[end] })
    expect(along('low')).toBeLessThan(moved)
    expect(along('high')).toBeGreaterThan(moved)
    expect(answered.map(({ others }) => others)).toEqual([
      [{ horizonDays: 730, output: 0.6, moved: null, movedSeen: null }],
      [{ horizonDays: 730, output: 0.6, moved, movedSeen: { low: along('low'), high: along('high') } }],
    ])
  })

  test('at a visit does not change when later scans are added', () => {
    const before = usualParts()
    const later = usualParts({
      facts: {
        ...before.facts,
        scans: [...before.facts.scans, scanFacts(2000, { overlap: { emptySlices: 9, dice: 0.5 } })],
      },
      visits: [...before.visits, visitRisk(2000, 0.99)],
    })
    const [short, long] = [answerFrom(before).visits, answerFrom(later).visits]
    const said = ({ calibrated, output, refusals }: (typeof short)[number]) => ({ calibrated, output, refusals })
    expect(long.slice(0, short.length).map(said)).toEqual(short.map(said))
  })
})
