// How far risks held: where the share of events lies, with 95 % certainty, among landmarks of a given risk. It follows from
// the line of calibration of the test folds and the covariance of its two numbers, clustered by child, so that it needs
// nothing of a site that the line did not need; it is wide where few children had such a risk.

import type { CalibrationLine } from '../model-card.ts'
import { normalQuantile } from '../normal-quantile.ts'
import type { Fit, Line } from './calibration-fit.ts'
import { logistic, logit } from './recalibration.ts'

/** The ends of the 95 % interval of the share of events where the risk is `risk`. */
export function bandAt(
  { intercept, slope, covariance: [a, b, c] }: CalibrationLine,
  risk: number,
): { readonly low: number; readonly high: number } {
  const x = logit(risk)
  const half = normalQuantile * Math.sqrt(Math.max(0, a + 2 * b * x + c * x * x))
  const middle = intercept + slope * x
  return { low: logistic(middle - half), high: logistic(middle + half) }
}

/**
 * The fitted line on risks that were recalibrated since: the same line, seen through `recalibration`. Null while nothing was
 * fitted, or where landmarks did not allow it.
 */
export function lineThrough(fit: Fit | undefined, recalibration: Line): CalibrationLine | null {
  if (fit?.covariance == null) return null
  const [a, b, c] = fit.covariance
  const shift = recalibration.intercept / recalibration.slope
  return {
    intercept: fit.intercept - fit.slope * shift,
    slope: fit.slope / recalibration.slope,
    covariance: [
      a - 2 * shift * b + shift * shift * c,
      (b - shift * c) / recalibration.slope,
      c / recalibration.slope ** 2,
    ],
  }
}
