// The figures that an evaluation gives, by name. In code a name that is not in this table does not compile; one that a site
// sends is not shown. Formulas are in curve.ts, figures.ts and calibration-fit.ts.

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
