import { describe, expect, test } from 'vitest'
import { answerFrom } from './answer.ts'
import { answerText } from './answer-text.ts'
import { usualParts, visitRisk } from './testsupport/answers.ts'

describe('an answer in a terminal', () => {
  test('begins with what it is not, and names risk, recalibration and zone', () => {
    const lines = answerText(answerFrom(usualParts())).split('\n')
    expect(lines[0]).toContain('Not a medical device')
    expect(lines).toContain(
      'After the last visit: 40.1 %, recalibrated for the consortium, at or above the upper threshold.',
    )
    expect(lines.find((line) => line.includes('ses-30 '))).toContain('refused')
    expect(lines.find((line) => line.includes('ses-120'))).toMatch(/25\.4 % +21\.9 % to 38\.5 %/)
  })

  test('gives a child that came after the training its risk, and says that it is new', () => {
    const said = 'This child is new to the model'
    const text = answerText(answerFrom(usualParts({ facts: { ...usualParts().facts, part: 'new' } })))
    expect(text).toContain(said)
    expect(text).toContain('After the last visit: 40.1 %')
    const tested = answerText(answerFrom(usualParts()))
    expect(tested).not.toContain(said)
    expect(tested).toContain('The model was not trained on this child: the study keeps it for the test.')
  })

  test('without a card says that no calibrated risk is given, why, and what stands there instead', () => {
    const text = answerText(answerFrom(usualParts({ card: undefined, heldBack: ['ses-9: it is damaged.'] })))
    expect(text).toContain('No calibrated risk is given:\n  * there is no model card')
    expect(text).toContain('nobody has checked that it is a probability')
    expect(text).toContain('* ses-9: it is damaged.')
    expect(text).not.toContain('After the last visit')
  })

  test('gives both thresholds and the model card in short', () => {
    const text = answerText(answerFrom(usualParts()))
    expect(text).toContain('Thresholds: lower 8.0 %, upper 40.0 %.')
    expect(text).toContain('AUROC: 0.78 (95 % interval 0.71 to 0.85)')
    expect(text).toContain('tried on: 41 children and 160 visits in the test folds of one hospital')
    expect(text).toContain('upper threshold: 40.0 %, chosen for a positive predictive value of at least 0.5')
    expect(text).toContain('not for:\n    * decisions about a child')
    expect(answerText(answerFrom(usualParts({ site: 'boston' })))).toContain(
      "lower 5.5 %, upper 42.4 %; on this hospital's scale",
    )
    expect(answerText(answerFrom(usualParts({ card: undefined })))).not.toMatch(/Thresholds|Model card, in short/)
  })

  test('puts outputs within other times in brackets where they are no risks', () => {
    const otherRisks = [{ horizonDays: 183, risk: 0.25 }]
    const visits = usualParts().visits.map((visit) => ({ ...visit, otherRisks }))
    expect(answerText(answerFrom(usualParts({ visits, card: undefined })))).toContain('(25.0 %)')
    const text = answerText(answerFrom(usualParts({ visits })))
    expect(text).toContain('183 days')
    expect(text).toMatch(/\d %, \d+\.\d % to \d+\.\d %/)
    expect(text).toContain('were not\nchecked against outcomes')
  })

  test('of one visit says nothing of what it adds', () => {
    const { facts } = usualParts()
    const visits = [visitRisk(30, 0.2, { contribution: null })]
    const text = answerText(answerFrom(usualParts({ facts: { ...facts, scans: facts.scans.slice(0, 1) }, visits })))
    expect(text).toMatch(/20\.0 %\n/)
    expect(text).toContain('x There is one scan only')
  })
})
