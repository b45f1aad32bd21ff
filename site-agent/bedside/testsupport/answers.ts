// Parts of an answer for tests: three visits of a sound child, asked of a model whose card is the example's.

import type { ModelCard } from '../../../shared/evaluation/model-card.ts'
import { exampleCard } from '../../../shared/evaluation/testsupport/example-card.ts'
import type { AnswerParts } from '../answer.ts'
import type { ScanFacts } from '../fit.ts'
import type { VisitRisk } from '../prediction.ts'

const flairOfGe = { sequence: 'FLAIR', vendor: 'ge', field_strength: '3 T and over' }

export const scanFacts = (day: number, changes: Partial<ScanFacts> = {}): ScanFacts => ({
  ...{
    session: `ses-${day}`,
    day,
    groups: flairOfGe,
    overlap: { dice: 0.95, emptySlices: 0 },
    registration: undefined,
  },
  ...changes,
})

export const visitRisk = (day: number, risk: number, changes: Partial<VisitRisk> = {}): VisitRisk => ({
  ...{ session: `ses-${day}`, day, risk, otherRisks: [], progression: day, contribution: 0.1 },
  ...changes,
})

/** A card with both thresholds whose recalibration moves risks. */
export function usualCard(changes: Partial<ModelCard> = {}): ModelCard {
  const { thresholds, ...card } = exampleCard()
  const ruleIn = { risk: 0.4, chosenFor: 'a positive predictive value of at least 0.5', figures: {} }
  return { ...card, thresholds: { ...thresholds, ruleIn }, ...changes }
}

export function usualParts(changes: Partial<AnswerParts> = {}): AnswerParts {
  return {
    ...{ child: 'sub-x', key: 'k', study: 'a'.repeat(64), weightsDigest: 'b'.repeat(64), heldBack: [] },
    ...{ site: 'zurich', horizonDays: 365, card: usualCard(), siteTrained: true },
    facts: {
      ...{ part: 'test', ageYears: 7, treatmentChangeDay: undefined },
      scans: [scanFacts(30), scanFacts(120), scanFacts(300)],
    },
    visits: [visitRisk(30, 0.2), visitRisk(120, 0.3), visitRisk(300, 0.5, { contribution: -0.2 })],
    ...changes,
  }
}
