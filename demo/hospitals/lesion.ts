// How what an operation left behind changes over the years: the tumour's remnant, the cavity, the scarred rim around
// it. Only numbers per visit; where they lie and how they look is decided in surgery.ts and painter.ts.

import type { Random } from '../../shared/random.ts'
import { between, logBetween } from './draws.ts'
import type { GrowthRates } from './tumour-growth.ts'

const daysPerYear = 365

/** The lesion's radius in mm at each visit, and what kind of course it follows. */
export interface LesionCourse {
  readonly kind: 'recurrent' | 'residual' | 'trace'
  readonly radiiMm: readonly number[]
  /** Whether a change after treatment (pseudoprogression) swells it for some weeks and goes away again. */
  readonly transient: boolean
  /** How the tumour spreads where it is grown cell by cell (tumour-growth.ts); the radii are then those of a front in free tissue. */
  readonly spread?: GrowthRates
}

/** What heals, at each visit: cavity and rim, and the head that goes on growing. */
export interface HealingCourse {
  readonly cavityMm3: readonly number[]
  /** Added to tissue beside the cavity, in the units in which grey matter is 0.8. */
  readonly rimAmplitudes: readonly number[]
  readonly rimWidthMm: number
  /** Size of the head relative to the day of the operation. */
  readonly headScales: readonly number[]
}

/**
 * Radii at `days` after surgery (ascending). With an `eventDay` the lesion keeps to a floor until it grows at a steady
 * speed, so as to reach its final radius on that day; without one it is a stable remnant, large in most children, so
 * that one picture says little and only change tells. Both kinds fluctuate and may swell in passing.
 */
export function drawLesion(random: Random, days: readonly number[], eventDay: number | undefined): LesionCourse {
  const trend = eventDay === undefined ? stableTrend(random, days[0] ?? 0) : growingTrend(random, eventDay)
  const transient = random.uniform() < 0.25
  const peakDay = between(random, 0, (days.at(-1) ?? 0) + 60)
  const peakMm = transient ? between(random, 3, 6) : 0
  const radiiMm = days.map((day) => {
    const swellingMm = peakMm * Math.exp(-0.5 * ((day - peakDay) / 70) ** 2)
    return Math.max(0, trend.radiusMmAt(day) + swellingMm + 0.7 * random.normal())
  })
  return { kind: trend.kind, radiiMm, transient }
}

/** Volume at which a tumour counts as come back: a sphere of 20 mm, twice the least that is measured (RAPNO). */
export const eventMm3 = 4190

/**
 * A tumour that spreads by cell division and wandering; on the day of the event it is seen to measure 4.2 cm³. The front's
 * speed 2√(Dρ) goes with the rank of the event (early ones grow fast, 4.6 to 14.7 mm a year), its width √(D/ρ) is 1.4 to 2.5 mm.
 * Without an event a stable remnant in four fifths of the children, as large as tumours that come back are on the way, or nothing.
 */
export function drawSpreadingLesion(
  random: Random,
  days: readonly number[],
  eventDay: number | undefined,
): LesionCourse {
  if (eventDay === undefined) {
    const radiusMm = random.uniform() < 0.8 ? between(random, 3, 11) : 0
    return { kind: radiusMm > 0 ? 'residual' : 'trace', radiiMm: days.map(() => radiusMm), transient: false }
  }
  const rank = Math.min(1, eventDay / 2000)
  const speedMmPerDay = (14.7 * (4.6 / 14.7) ** rank * Math.exp(0.15 * random.normal())) / daysPerYear
  const widthMm = between(random, 1.4, 2.5)
  const eventRadiusMm = Math.cbrt((3 * eventMm3) / (4 * Math.PI))
  return {
    kind: 'recurrent',
    radiiMm: days.map((day) => Math.max(0, eventRadiusMm - speedMmPerDay * (eventDay - day))),
    transient: false,
    spread: { diffusion: (speedMmPerDay * widthMm) / 2, proliferation: speedMmPerDay / (2 * widthMm) },
  }
}

/** The cavity shrinks in nearly all children, its rim fades, the head grows: clocks that say nothing of the outcome. */
export function drawHealing(random: Random, days: readonly number[]): HealingCourse {
  const initialMm3 = 1000 * logBetween(random, 6, 40)
  const usualShare = Math.min(0.8, Math.max(0.1, 0.5 + 0.15 * random.normal()))
  const shrinkingShare = random.uniform() < 0.08 ? -0.15 : usualShare
  const rimAmplitude = between(random, 0.15, 0.4)
  const rimDecayDays = 450 * Math.exp(0.2 * random.normal())
  const rimWidthMm = between(random, 3, 6)
  const headGrowthPerYear = between(random, 0.004, 0.012)
  return {
    cavityMm3: days.map((day) => initialMm3 * (1 - shrinkingShare * (1 - Math.exp(-day / 500)))),
    rimAmplitudes: days.map((day) => rimAmplitude * Math.exp(-day / rimDecayDays)),
    rimWidthMm,
    headScales: days.map((day) => 1 + (headGrowthPerYear * day) / daysPerYear),
  }
}

/**
 * Healing that is no clock: the cavity keeps its size in half of the children, and the rim fades, stays, or brightens late,
 * as it may after radiation; none of it depends on the outcome.
 */
export function drawUncertainHealing(random: Random, days: readonly number[]): HealingCourse {
  const usual = drawHealing(random, days)
  const initialMm3 = usual.cavityMm3[0] ?? 0
  const steady = random.uniform() < 0.5
  const course = random.uniform()
  const amplitude = between(random, 0.2, 0.45)
  const lateDay = between(random, 200, 1000)
  const late = (day: number): number => amplitude * (0.3 + 0.7 / (1 + Math.exp(-(day - lateDay) / 120)))
  const rimAmplitudes = course < 0.4 ? usual.rimAmplitudes : days.map(course < 0.7 ? () => amplitude : late)
  return { ...usual, rimAmplitudes, cavityMm3: steady ? days.map(() => initialMm3) : usual.cavityMm3 }
}

interface Trend {
  readonly kind: LesionCourse['kind']
  radiusMmAt(day: number): number
}

function growingTrend(random: Random, eventDay: number): Trend {
  const speedMmPerYear = logBetween(random, 5, 18)
  const eventMm = between(random, 12, 18)
  const floorMm = between(random, 2, 7)
  return {
    kind: 'recurrent',
    radiusMmAt: (day) => {
      const straightMm = eventMm - (speedMmPerYear * (eventDay - day)) / daysPerYear
      return floorMm + softplus(straightMm - floorMm)
    },
  }
}

function stableTrend(random: Random, firstDay: number): Trend {
  const residual = random.uniform() < 0.8
  const radiusMm = residual ? between(random, 7, 18) : between(random, 0, 3)
  const driftMmPerYear = 0.8 * random.normal()
  return {
    kind: residual ? 'residual' : 'trace',
    radiusMmAt: (day) => radiusMm + (driftMmPerYear * (day - firstDay)) / daysPerYear,
  }
}

/** log(1 + e^x), without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}
