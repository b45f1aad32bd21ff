// One synthetic child as a story in numbers: when it was seen, whether and when the tumour came back, how long it was
// followed, how large the lesion was. Images are painted from this later; statistics need no image at all.

import type { Random } from '../../shared/random.ts'
import { type Chart, drawChart, relativeHazard } from './chart.ts'
import { between } from './draws.ts'
import {
  drawHealing,
  drawLesion,
  drawSpreadingLesion,
  drawUncertainHealing,
  type HealingCourse,
  type LesionCourse,
} from './lesion.ts'

/** The horizon of the question that is asked at each visit. */
const horizonDays = 365

/** Cumulative hazard of the child that `relativeHazard` compares with: on average 58 % of children relapse. */
const baseHazard = 0.5

/** Days count from the operation. */
export interface ChildCourse {
  /** Days of the visits, whole and ascending; never on or after the event. */
  readonly days: readonly number[]
  readonly recurrent: boolean
  /** When the tumour comes back, whether or not anyone is still looking. */
  readonly trueEventDay: number | undefined
  /** When it was seen to come back: within follow-up. */
  readonly eventDay: number | undefined
  readonly lastFollowUpDay: number
  readonly lesion: LesionCourse
  readonly healing: HealingCourse
  /** Absent where the chart means nothing. */
  readonly chart?: Chart
}

/** What differs between cohorts in how a course is drawn. */
interface Process {
  readonly lesion: (random: Random, days: readonly number[], eventDay: number | undefined) => LesionCourse
  readonly healing: (random: Random, days: readonly number[]) => HealingCourse
  readonly chart?: Chart
}

/**
 * Draws a child: 4 to 8 visits are planned; the tumour returns in 60 % (event process below) and the visits from that
 * day on are not held; follow-up outlasts the plan by half a year to three years, whatever happened. At least two
 * visits remain.
 */
export function drawChild(random: Random): ChildCourse {
  return drawCourseOf(random, random.uniform() < 0.6, { lesion: drawLesion, healing: drawHealing })
}

/** Draws a child of the hardened cohort: the chance of a recurrence hangs on the chart, and healing is no clock. */
export function drawHardenedChild(random: Random): ChildCourse {
  return drawChartedChild(random, drawLesion)
}

/** Draws a child of the growth cohort: as the hardened one's, with a tumour that spreads cell by cell. */
export function drawGrowingChild(random: Random): ChildCourse {
  return drawChartedChild(random, drawSpreadingLesion)
}

function drawChartedChild(random: Random, lesion: Process['lesion']): ChildCourse {
  const chart = drawChart(random)
  const recurrent = random.uniform() < 1 - Math.exp(-baseHazard * relativeHazard(chart))
  return drawCourseOf(random, recurrent, { lesion, healing: drawUncertainHealing, chart })
}

function drawCourseOf(random: Random, recurrent: boolean, { lesion, healing, chart }: Process): ChildCourse {
  for (;;) {
    const plan = drawPlan(random)
    const trueEventDay = recurrent ? drawEventDay(random) : undefined
    const days = trueEventDay === undefined ? plan : plan.filter((day) => day < trueEventDay)
    const lastFollowUpDay = (plan.at(-1) ?? 0) + Math.round(horizonDays * between(random, 0.5, 3))
    if (days.length < 2) continue
    return {
      days,
      recurrent,
      trueEventDay,
      eventDay: trueEventDay !== undefined && trueEventDay <= lastFollowUpDay ? trueEventDay : undefined,
      lastFollowUpDay,
      lesion: lesion(random, days, trueEventDay),
      healing: healing(random, days),
      ...(chart !== undefined && { chart }),
    }
  }
}

/**
 * Whether the tumour is seen to return within a year of the visit (0-based); `undefined` when the child was not
 * followed for long enough to say.
 */
export function landmarkLabel(child: ChildCourse, visit: number): boolean | undefined {
  const day = child.days[visit]
  if (day === undefined) return undefined
  if (child.eventDay !== undefined && child.eventDay <= day + horizonDays) return true
  return child.lastFollowUpDay >= day + horizonDays ? false : undefined
}

function drawPlan(random: Random): number[] {
  const count = 4 + random.integer(5)
  let day = between(random, 5, 90)
  const plan = [Math.round(day)]
  while (plan.length < count) {
    day += 130 * Math.exp(0.35 * random.normal())
    plan.push(Math.round(day))
  }
  return plan
}

/**
 * Day 60 + Weibull(shape 2.5, scale 850 days). A constant hazard with a mean of 700 days would leave so few children
 * both event-free at their sixth visit and about to relapse (17 %) that a test there says little; with this one it is
 * about 31 %, and as many children relapse.
 */
function drawEventDay(random: Random): number {
  return 60 + Math.round(850 * (-Math.log(1 - random.uniform())) ** (1 / 2.5))
}
