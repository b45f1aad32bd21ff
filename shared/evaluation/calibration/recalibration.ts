// Recalibration: a line on the logit scale from the risk that the model gives to the one that validation children had.
// Platt scaling with intercept and slope, or the intercept alone where events are few.

import type { Recalibration } from '../model-card.ts'

/** Risks that stay as they are. */
export const noRecalibration: Recalibration = { intercept: 0, slope: 1, kind: 'none' }

/** logit(q) = intercept + slope · logit(p). Rises with the risk, so it changes no order. */
export function recalibrated(risk: number, { intercept, slope }: Pick<Recalibration, 'intercept' | 'slope'>): number {
  return logistic(intercept + slope * logit(risk))
}

/** The risk that `recalibrated` makes this one of. */
export function beforeRecalibration(
  risk: number,
  { intercept, slope }: Pick<Recalibration, 'intercept' | 'slope'>,
): number {
  return logistic((logit(risk) - intercept) / slope)
}

export function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

/** Risks of exactly 0 or 1 are held at a millionth from the end, so that the logit stays finite. */
export function logit(risk: number): number {
  const inside = Math.min(1 - 1e-6, Math.max(1e-6, risk))
  return Math.log(inside / (1 - inside))
}
