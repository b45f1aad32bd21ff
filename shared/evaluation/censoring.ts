// How long children are followed: the curve of censoring, and the weights that make up for those who were lost. A site uses
// its own curve; one with few censored children uses the consortium's, which is made of counts for each quarter of a year.

import { childrenOf, type DecidedLandmark, type Landmark } from './landmark.ts'

/** Probability that a landmark is followed to `day` or beyond, in days from the landmark. */
export type CensoringCurve = (day: number) => number

/** Days from a landmark in [fromDay, toDay): how long landmarks were under observation, and how many ended censored. */
export interface CensoringInterval {
  readonly fromDay: number
  readonly toDay: number
  readonly observedDays: number
  readonly censored: number
  /** Children behind `censored`. */
  readonly children: number
}

/** With fewer censored children than this a site's own curve says too little. */
export const fewestCensoredForOwnCurve = 20

export const censoringIntervalDays = 90

/** A curve that falls lower would give single landmarks the weight of more than twenty. */
const lowest = 0.05

/**
 * Kaplan–Meier estimate of the censoring distribution from the landmark; where an event and a censoring share a day, the
 * event came first.
 */
export function ownCensoringCurve(landmarks: readonly Landmark[]): CensoringCurve {
  const ends = [...landmarks].sort((a, b) => a.timeDays - b.timeDays || Number(b.event) - Number(a.event))
  const steps: { readonly day: number; readonly survival: number }[] = []
  let survival = 1
  for (const [index, { timeDays, event }] of ends.entries()) {
    if (event) continue
    survival *= 1 - 1 / (ends.length - index)
    steps.push({ day: timeDays, survival })
  }
  return (day) => {
    const last = steps.findLast((step) => step.day < day)
    return Math.max(lowest, last?.survival ?? 1)
  }
}

/** Children that are censored within the horizon at some landmark. */
export function censoredChildren(landmarks: readonly Landmark[], horizonDays: number): number {
  return childrenOf(landmarks.filter(({ event, timeDays }) => !event && timeDays < horizonDays))
}

/**
 * What a site may say of its follow-up: intervals of at least 90 days up to the horizon, each wide enough that at least
 * `minCell` children are censored in it; none when fewer are censored in all.
 */
export function censoringIntervals(
  landmarks: readonly Landmark[],
  horizonDays: number,
  minCell: number,
): readonly CensoringInterval[] {
  if (censoredChildren(landmarks, horizonDays) < minCell) return []
  const cut = (fromDay: number, toDay: number): CensoringInterval => {
    const ending = landmarks.filter(({ timeDays, event }) => !event && timeDays >= fromDay && timeDays < toDay)
    const observedDays = landmarks.reduce(
      (sum, { timeDays }) => sum + Math.max(0, Math.min(toDay, timeDays) - fromDay),
      0,
    )
    return { fromDay, toDay, observedDays, censored: ending.length, children: childrenOf(ending) }
  }
  const intervals: CensoringInterval[] = []
  let fromDay = 0
  for (let toDay = censoringIntervalDays; fromDay < horizonDays; toDay += censoringIntervalDays) {
    const interval = cut(fromDay, Math.min(toDay, horizonDays))
    const last = interval.toDay === horizonDays
    if (interval.children < minCell && !last) continue
    if (interval.children >= minCell) intervals.push(interval)
    else {
      const before = intervals.pop()
      intervals.push(cut(before?.fromDay ?? 0, horizonDays))
    }
    fromDay = interval.toDay
  }
  return intervals
}

/**
 * Hazard of censoring a day in each 90 days from the landmark, over all sites: the piecewise exponential estimate. An
 * interval that a site had to widen counts evenly over its days.
 */
export function pooledHazards(
  sites: readonly (readonly CensoringInterval[])[],
  horizonDays: number,
): readonly number[] {
  return Array.from({ length: Math.ceil(horizonDays / censoringIntervalDays) }, (_, index) => {
    const fromDay = index * censoringIntervalDays
    const toDay = Math.min(horizonDays, fromDay + censoringIntervalDays)
    let [censored, observedDays] = [0, 0]
    for (const interval of sites.flat()) {
      const overlap = Math.min(toDay, interval.toDay) - Math.max(fromDay, interval.fromDay)
      const share = Math.max(0, overlap) / (interval.toDay - interval.fromDay)
      censored += share * interval.censored
      observedDays += share * interval.observedDays
    }
    return observedDays > 0 ? censored / observedDays : 0
  })
}

/** The curve that those hazards give. */
export function curveOfHazards(hazards: readonly number[]): CensoringCurve {
  return (day) => {
    let cumulative = 0
    for (const [index, hazard] of hazards.entries()) {
      const inside = Math.min(day - index * censoringIntervalDays, censoringIntervalDays)
      cumulative += hazard * Math.max(0, inside)
    }
    return Math.max(lowest, Math.exp(-cumulative))
  }
}

/**
 * Landmarks whose outcome within the horizon is known, weighted for those whose is not (IPCW): an event counts by the
 * probability of being followed up to it, the others by that of being followed to the horizon.
 */
export function decided(
  landmarks: readonly Landmark[],
  horizonDays: number,
  curve: CensoringCurve,
): readonly DecidedLandmark[] {
  return landmarks.flatMap((landmark): DecidedLandmark[] => {
    const { event, timeDays } = landmark
    if (event && timeDays <= horizonDays) return [{ ...landmark, outcome: 1, weight: 1 / curve(timeDays) }]
    return timeDays >= horizonDays ? [{ ...landmark, outcome: 0, weight: 1 / curve(horizonDays) }] : []
  })
}
