// A recalibration that believes a fit no further than its validation children carry it. The fit is weighed against leaving
// risks as they are: what is between them is multiplied by T(T + V)⁻¹, with V the fit's covariance, clustered by child, and T
// that of what models are found to be off by. It is the mean of the posterior where both are normal (decision 32).

import { childrenOf } from '../landmark.ts'
import type { Recalibration } from '../model-card.ts'
import { type Fit, type FitRow, fewestEventsForSlope, fitLine, type Line } from './calibration-fit.ts'
import { noRecalibration, recalibrated } from './recalibration.ts'

/** Standard deviations, before any child was seen, of the intercept around 0 (logits) and of the slope around 1. */
export interface Prior {
  readonly intercept: number
  readonly slope: number
}

/** Of a model: odds that are off by a factor of 2.7 are no surprise. */
export const modelPrior: Prior = { intercept: 1, slope: 0.5 }

/** Of a site, from what the consortium's recalibration makes of risks there. */
const sitePrior: Prior = { intercept: 0.5, slope: 0.25 }

/** The least slope that still rises; a line that falls would turn the order of risks around. */
const leastSlope = 0.05

/**
 * Platt's line where there are enough children with an event and it rises, else the intercept alone; both drawn towards
 * risks as they are, the more the fewer children they rest on. None where neither could be fitted.
 */
export function recalibrationBy(line: Fit, intercept: Fit, events: number, prior: Prior): Recalibration {
  const platt = events >= fewestEventsForSlope ? shrunkLine(line, prior) : undefined
  if (platt !== undefined && platt.slope > leastSlope) return { ...platt, kind: 'platt' }
  const shift = shrunkIntercept(intercept, prior)
  return shift === undefined ? noRecalibration : { intercept: shift, slope: 1, kind: 'intercept' }
}

/**
 * The same from rows at hand. None where all have an event or none has: the likelihood rises for ever then, and where the search
 * ends its covariance, of residuals that are nearly nought, would call the fit certain.
 */
export function recalibrationOf(rows: readonly FitRow[], prior: Prior): Recalibration {
  const events = childrenOf(rows.filter(({ outcome }) => outcome === 1))
  if (events === 0 || rows.every(({ outcome }) => outcome === 1)) return noRecalibration
  return recalibrationBy(fitLine(rows, 'line'), fitLine(rows, 'intercept'), events, prior)
}

/**
 * A site's recalibration from its own validation fold: of risks as the consortium's recalibration makes them, so that a site
 * with few children keeps close to the consortium. In one line from the model's risk; of kind none where nothing was fitted.
 */
export function siteRecalibration(validation: readonly FitRow[], consortium: Line): Recalibration {
  const rows = validation.map((row) => ({ ...row, risk: recalibrated(row.risk, consortium) }))
  const { intercept, slope, kind } = recalibrationOf(rows, sitePrior)
  if (kind === 'none') return noRecalibration
  return { intercept: intercept + slope * consortium.intercept, slope: slope * consortium.slope, kind }
}

function shrunkLine({ intercept, slope, covariance }: Fit, prior: Prior): Line | undefined {
  if (covariance === null) return undefined
  const [ofIntercept, ofSlope] = [prior.intercept ** 2, prior.slope ** 2]
  const [a, b, c] = [ofIntercept + covariance[0], covariance[1], ofSlope + covariance[2]]
  const determinant = a * c - b * b
  const steeper = slope - 1
  const line = {
    intercept: (ofIntercept * (c * intercept - b * steeper)) / determinant,
    slope: 1 + (ofSlope * (a * steeper - b * intercept)) / determinant,
  }
  return Number.isFinite(line.intercept) && Number.isFinite(line.slope) ? line : undefined
}

function shrunkIntercept({ intercept, interceptError }: Fit, prior: Prior): number | undefined {
  if (interceptError === null) return undefined
  const shrunk = (prior.intercept ** 2 / (prior.intercept ** 2 + interceptError ** 2)) * intercept
  return Number.isFinite(shrunk) ? shrunk : undefined
}
