// Hazards in discrete time: what the risk head says of the time after a landmark, how well it fits what followed, and what
// risk that gives within a horizon. Bins are quarters of a year, then halves, in years of 365 days.

import type { FollowUp } from '../cohort/outcome.ts'

/** Ends of the bins, in days after the landmark: 3, 6, 9, 12, 18 and 24 months. */
export const hazardEdgesDays = [91, 183, 274, 365, 548, 730] as const
export const hazardBins: number = hazardEdgesDays.length

/**
 * What a landmark says of each bin, from the first: 0 the child was seen free of an event to its end, 1 the event fell in
 * it. Bins in which follow-up ends, and all later ones, say nothing and are not there.
 */
export function binsKnown({ days, event }: FollowUp): readonly (0 | 1)[] {
  const survived = hazardEdgesDays.filter((edge) => (event ? edge < days : edge <= days)).map((): 0 => 0)
  return event && survived.length < hazardBins ? [...survived, 1] : survived
}

/** Whether risks can be given for a horizon of so many days: they can where a bin ends. */
export function isHazardEdge(days: number): boolean {
  return hazardEdgesDays.some((edge) => edge === days)
}

/**
 * Logit of the risk of an event within the horizon, log(F/S) with survival S = Π(1 − h) over its bins and F = 1 − S.
 * Computed as log(exp(Λ) − 1) with Λ = −log S = Σ log(1 + exp(z)), which loses nothing for small or large risks.
 * @param logits of the hazards h, one a bin
 * @param horizonDays one of the bins' ends
 */
export function riskLogitWithin(logits: ArrayLike<number>, horizonDays: number): number {
  if (!isHazardEdge(horizonDays)) throw new Error(`no bin of the hazards ends after ${horizonDays} days`)
  let cumulative = 0
  for (const [bin, edge] of hazardEdgesDays.entries()) {
    if (edge <= horizonDays) cumulative += softplus(logits[bin] ?? Number.NaN)
  }
  // log(exp(Λ) − 1), by whichever form does not overflow or cancel.
  return cumulative > 30 ? cumulative : Math.log(Math.expm1(cumulative))
}

function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))
}
