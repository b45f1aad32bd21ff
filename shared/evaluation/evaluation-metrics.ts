// The figures that an evaluation gives, by name. A name that is not in this table is an error wherever it is used, never a
// silent zero. Formulas are in curve.ts, figures.ts and calibration-fit.ts.

import { SequelaError } from '../protocol/errors.ts'

/** Every figure with what it says; they speak of a set of landmarks. */
export const evaluationMetrics = {
  auroc: 'probability that a landmark with an event has more risk than one without (ties count half)',
  auprc: 'average precision: mean positive predictive value over the events, from the highest risk down',
  brier: 'mean squared difference between risk and outcome',
  brier_scaled: '1 less the Brier score over that of the event rate; 0 is no skill',
  log_loss: 'mean negative log likelihood of the outcome',
  ece: 'expected calibration error: mean distance of risk and event rate over 10 bins of risk',
  event_rate: 'share of landmarks with an event within the horizon',
  mean_risk: 'mean of the risks given',
  calibration_slope: 'slope of the outcome on logit risk; 1 is ideal, below 1 is too extreme',
  calibration_intercept: 'calibration in the large: intercept with the slope fixed at 1; 0 is ideal',
} as const satisfies Record<string, string>

export type EvaluationMetric = keyof typeof evaluationMetrics

export const evaluationMetricNames = Object.keys(evaluationMetrics).filter(isEvaluationMetric)

function isEvaluationMetric(name: string): name is EvaluationMetric {
  return Object.hasOwn(evaluationMetrics, name)
}

/** @throws SequelaError `usage` for a name that there is not, with those that there are. */
export function evaluationMetricOf(name: string): EvaluationMetric {
  if (isEvaluationMetric(name)) return name
  throw new SequelaError('usage', `there is no figure "${name}"; there are: ${evaluationMetricNames.join(', ')}`)
}
