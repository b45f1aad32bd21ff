// The model card's short form, which stands beside every answer: what the model is, on how many children it was tried, how well
// it did there, and what it is not for. The same figures for page, terminal and --json.

import { counted } from '../../shared/counted.ts'
import type { ModelCard } from '../../shared/evaluation/model-card.ts'

type Figure = ModelCard['performance']['raw'][string] | undefined

export interface ShortCard
  extends Pick<ModelCard, 'writtenAt' | 'model' | 'outcome' | 'intendedUse' | 'excludedUse' | 'knownFailures'> {
  /** What it was tried on: children of the test folds, their landmarks, and the sites that had enough of them. */
  readonly tested: { readonly children: number; readonly landmarks: number; readonly sites: number }
  /** Null: too few children to show it. */
  readonly figures: Readonly<Record<'auroc' | 'eceBefore' | 'eceAfter', Exclude<Figure, undefined>>>
  /** In the words of the card; null where no threshold met what was asked for. */
  readonly thresholds: {
    readonly version: string
    readonly ruleOut: ShortThreshold | null
    readonly ruleIn: ShortThreshold | null
  }
}

export interface ShortThreshold {
  /** In the consortium's recalibrated risk. */
  readonly risk: number
  readonly chosenFor: string
  /** Negative or positive predictive value on test children. */
  readonly predictiveValue: Exclude<Figure, undefined>
}

export function shortCardOf(card: ModelCard): ShortCard {
  const { writtenAt, model, outcome, intendedUse, excludedUse, knownFailures, data, performance, thresholds } = card
  const short = (threshold: typeof thresholds.ruleOut, figure: 'npv' | 'ppv'): ShortThreshold | null =>
    threshold && {
      ...{ risk: threshold.risk, chosenFor: threshold.chosenFor },
      predictiveValue: threshold.figures[figure] ?? null,
    }
  return {
    ...{ writtenAt, model, outcome, intendedUse, excludedUse, knownFailures },
    tested: {
      children: data.children,
      landmarks: data.landmarks,
      sites: data.sites.filter(({ children }) => children !== null).length,
    },
    figures: {
      auroc: performance.raw.auroc ?? null,
      eceBefore: performance.raw.ece ?? null,
      eceAfter: performance.recalibrated.ece ?? null,
    },
    thresholds: {
      version: thresholds.version,
      ruleOut: short(thresholds.ruleOut, 'npv'),
      ruleIn: short(thresholds.ruleIn, 'ppv'),
    },
  }
}

/** Each row a name and what is said of it; several sentences where it is a list. */
export function shortCardRows(card: ShortCard): readonly (readonly [name: string, said: string | readonly string[]])[] {
  const { model, outcome, tested, figures, thresholds, excludedUse, knownFailures } = card
  return [
    [
      'model',
      `study ${model.study}, weights ${model.weightsDigest.slice(0, 12)}, ${model.preset}, ${model.parameters} parameters`,
    ],
    ['made by', model.lineage.map(({ task, rounds }) => `${counted(rounds, 'round')} of ${task}`).join(', then ')],
    ['event', `${outcome.definition}, within ${outcome.horizonDays} days`],
    [
      'tried on',
      `${tested.children} children and ${tested.landmarks} visits in the test folds of ${tested.sites === 1 ? 'one hospital' : `${tested.sites} hospitals`}`,
    ],
    ['AUROC', figureText(figures.auroc)],
    [
      'calibration error (ECE)',
      `${figureText(figures.eceBefore)} before, ${figureText(figures.eceAfter)} after recalibration`,
    ],
    ['lower threshold', thresholdText(thresholds.ruleOut, 'negative predictive value')],
    ['upper threshold', thresholdText(thresholds.ruleIn, 'positive predictive value')],
    ['version of the thresholds', thresholds.version.slice(0, 12)],
    ['for', card.intendedUse],
    ['not for', excludedUse],
    ['known failures', knownFailures.length === 0 ? 'none written down' : knownFailures],
    ['written', card.writtenAt],
  ]
}

function figureText(value: Exclude<Figure, undefined>): string {
  if (value === null) return 'not shown'
  const { value: figure, low, high } = value
  const interval = low === null || high === null ? '' : ` (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)})`
  return `${figure.toFixed(2)}${interval}`
}

function thresholdText(threshold: ShortThreshold | null, what: string): string {
  if (threshold === null) return 'none met what was asked for'
  const { risk, chosenFor, predictiveValue } = threshold
  return `${(100 * risk).toFixed(1)} %, chosen for ${chosenFor}; ${what} on test children ${figureText(predictiveValue)}`
}
