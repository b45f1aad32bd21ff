// The line of logit P(event) = intercept + slope · logit(risk), fitted across sites by Newton's method: a site sends the
// gradient (2 numbers), the Hessian (3) and the children's squared scores (3), the coordinator takes the step. The sandwich
// of the last two gives standard errors that are clustered by child.

import type { DecidedLandmark } from '../landmark.ts'
import { logistic, logit } from './recalibration.ts'

export interface Line {
  readonly intercept: number
  readonly slope: number
}

/** Where a fit begins: risks as they are. */
export const identityLine: Line = { intercept: 0, slope: 1 }

/** Of the weighted log likelihood at a line; symmetric matrices as [intercept², intercept·slope, slope²]. */
export interface NewtonSums {
  readonly gradient: readonly [number, number]
  /** Negative second derivatives. */
  readonly information: readonly [number, number, number]
  /** Σ over children of their score times its transpose. */
  readonly scores: readonly [number, number, number]
}

/** What is fitted: both, or the intercept alone with the slope held. */
export type FitKind = 'line' | 'intercept'

/** A fit as it stands; errors are null until sums at the line were seen. */
export interface Fit extends Line {
  readonly kind: FitKind
  readonly interceptError: number | null
  readonly slopeError: number | null
  /** Of both, as [intercept², intercept·slope, slope²]; null for an intercept alone. */
  readonly covariance: readonly [number, number, number] | null
  /** Length of the last step: how far the fit still moved. */
  readonly lastStep: number | null
}

/** What a fit takes of a landmark. */
export type FitRow = Pick<DecidedLandmark, 'child' | 'risk' | 'outcome' | 'weight'>

export const unfitted = (kind: FitKind): Fit => ({
  ...identityLine,
  kind,
  interceptError: null,
  slopeError: null,
  covariance: null,
  lastStep: null,
})

/** Children with an event; fewer leave a slope too uncertain, so only the intercept is fitted. */
export const fewestEventsForSlope = 20

/** A longer step overshoots where few children nearly separate. */
const longestStep = 3

export function newtonSums(rows: readonly FitRow[], { intercept, slope }: Line): NewtonSums {
  const information: [number, number, number] = [0, 0, 0]
  const byChild = new Map<string, [number, number]>()
  for (const { child, risk, outcome, weight } of rows) {
    const x = logit(risk)
    const fitted = logistic(intercept + slope * x)
    const score = byChild.get(child) ?? [0, 0]
    score[0] += weight * (outcome - fitted)
    score[1] += weight * (outcome - fitted) * x
    byChild.set(child, score)
    const spread = weight * fitted * (1 - fitted)
    information[0] += spread
    information[1] += spread * x
    information[2] += spread * x * x
  }
  const gradient: [number, number] = [0, 0]
  const scores: [number, number, number] = [0, 0, 0]
  for (const [first, second] of byChild.values()) {
    gradient[0] += first
    gradient[1] += second
    scores[0] += first * first
    scores[1] += first * second
    scores[2] += second * second
  }
  return { gradient, information, scores }
}

/** Sums of several sites added up. */
export function addNewtonSums(sites: readonly NewtonSums[]): NewtonSums {
  const total = { gradient: [0, 0], information: [0, 0, 0], scores: [0, 0, 0] } satisfies Record<string, number[]>
  for (const { gradient, information, scores } of sites) {
    add(total.gradient, gradient)
    add(total.information, information)
    add(total.scores, scores)
  }
  const { gradient, information, scores } = total
  return {
    gradient: [at(gradient, 0), at(gradient, 1)],
    information: [at(information, 0), at(information, 1), at(information, 2)],
    scores: [at(scores, 0), at(scores, 1), at(scores, 2)],
  }
}

/** One Newton step from the line at which the sums were taken; the fit itself where they do not allow one. */
export function newtonStep(fit: Fit, { gradient, information, scores }: NewtonSums): Fit {
  const [a, b, c] = information
  if (fit.kind === 'intercept') {
    if (!(a > 0)) return fit
    const step = limited(gradient[0] / a)
    const interceptError = Math.sqrt(scores[0]) / a
    return { ...fit, intercept: fit.intercept + step, interceptError, slopeError: null, lastStep: Math.abs(step) }
  }
  const determinant = a * c - b * b
  if (!(determinant > 1e-12 * a * c)) return fit
  const inverse = [c / determinant, -b / determinant, a / determinant] as const
  const full = [
    inverse[0] * gradient[0] + inverse[1] * gradient[1],
    inverse[1] * gradient[0] + inverse[2] * gradient[1],
  ] as const
  const length = Math.hypot(...full)
  const shorten = length > longestStep ? longestStep / length : 1
  const [first, second] = [
    [inverse[0], inverse[1]],
    [inverse[1], inverse[2]],
  ] as const
  const between = (one: readonly [number, number], other: readonly [number, number]): number =>
    one[0] * other[0] * scores[0] + (one[0] * other[1] + one[1] * other[0]) * scores[1] + one[1] * other[1] * scores[2]
  const covariance = [between(first, first), between(first, second), between(second, second)] as const
  return {
    kind: 'line',
    intercept: fit.intercept + shorten * full[0],
    slope: fit.slope + shorten * full[1],
    interceptError: Math.sqrt(covariance[0]),
    slopeError: Math.sqrt(covariance[2]),
    covariance,
    lastStep: shorten * length,
  }
}

/**
 * The fit to rows at hand, taken to its end. A step that makes the rows less likely is halved: from risks that are far too
 * extreme, whole steps lead to and fro for ever.
 */
export function fitLine(rows: readonly FitRow[], kind: FitKind, steps = 50): Fit {
  let fit = unfitted(kind)
  for (let step = 0; step < steps && (fit.lastStep ?? 1) > 1e-10; step++) {
    fit = likelier(rows, fit, newtonStep(fit, newtonSums(rows, fit)))
  }
  return fit
}

/** The step, or the first of its halves that is no less likely than where it began. */
function likelier(rows: readonly FitRow[], before: Fit, step: Fit, halvings = 30): Fit {
  const least = logLikelihood(rows, before)
  let after = step
  for (let half = 0; half < halvings && logLikelihood(rows, after) < least - 1e-12 * Math.abs(least); half++) {
    after = {
      ...after,
      intercept: (before.intercept + after.intercept) / 2,
      slope: (before.slope + after.slope) / 2,
      lastStep: (after.lastStep ?? 0) / 2,
    }
  }
  return after
}

function logLikelihood(rows: readonly FitRow[], { intercept, slope }: Line): number {
  return rows.reduce((sum, { risk, outcome, weight }) => {
    const value = intercept + slope * logit(risk)
    // log of the probability of what happened, stable for large values either way.
    const towards = outcome === 1 ? value : -value
    return sum - weight * (Math.max(0, -towards) + Math.log1p(Math.exp(-Math.abs(towards))))
  }, 0)
}

function limited(step: number): number {
  return Math.max(-longestStep, Math.min(longestStep, step))
}

function add(total: number[], values: readonly number[]): void {
  for (const [index, value] of values.entries()) total[index] = at(total, index) + value
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN
}
