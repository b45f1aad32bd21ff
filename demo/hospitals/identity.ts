// What a synthetic child is called and what its chart says. Labels are random, dates lie where no living patient's do,
// and the demo's charts say nothing of the outcome.

import { type Chart, drawChart } from './chart.ts'
import type { ChildCourse } from './child.ts'
import { type ChildPlan, childRandom } from './cohort.ts'
import { drawLabel } from './draws.ts'

export interface Identity extends Chart {
  /** `sub-` and eight letters or digits. */
  readonly participant: string
  readonly sessions: readonly Session[]
}

/** A visit's name and moment: `ses-` and six letters or digits whose order means nothing. */
export interface Session {
  readonly session: string
  readonly day: number
  /** `YYYY-MM-DDThh:mm:ss`, shifted by one offset a child to before 1925. */
  readonly acquiredAt: string
}

const dayMs = 86_400_000

/** Draws names, chart and shifted dates. The operation lies between 1850 and 1909. */
export function drawIdentity(plan: ChildPlan, child: ChildCourse): Identity {
  const random = childRandom(plan, 'identity')
  const surgeryMs = Date.UTC(1850 + random.integer(60), 0, 1) + random.integer(365) * dayMs
  return {
    participant: `sub-${drawLabel(random, 8)}`,
    ...(child.chart ?? drawChart(childRandom(plan, 'chart'))),
    sessions: child.days.map((day) => {
      const secondOfDay = 8 * 3600 + random.integer(10 * 3600)
      const acquiredAt = new Date(surgeryMs + day * dayMs + secondOfDay * 1000).toISOString().slice(0, 19)
      return { session: `ses-${drawLabel(random, 6)}`, day, acquiredAt }
    }),
  }
}

/** Visits by name, which is to say in no order of time: rows of a table and writing of files follow it. */
export function sessionsByName(identity: Identity): Session[] {
  return identity.sessions.toSorted((a, b) => (a.session < b.session ? -1 : 1))
}
