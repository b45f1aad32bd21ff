// What is true of the synthetic children and no agent may see: sizes at every visit, events beyond follow-up. It lies
// outside every data set and serves oracles only.

import type { ChildCourse } from './child.ts'
import { type ChildPlan, type CohortPlan, drawCourse, planChildren } from './cohort.ts'
import { drawIdentity } from './identity.ts'
import type { LesionCourse } from './lesion.ts'

interface ChildTruth {
  readonly participant: string
  readonly hospital: string
  readonly test: boolean
  readonly outcomeKnown: boolean
  readonly recurrent: boolean
  readonly lesion: LesionCourse['kind']
  readonly transient: boolean
  readonly trueEventDay: number | null
  readonly eventDay: number | null
  readonly lastFollowUpDay: number
  /** In order of time. */
  readonly visits: readonly VisitTruth[]
}

interface VisitTruth {
  readonly session: string
  readonly day: number
  readonly lesionRadiusMm: number
  readonly cavityCm3: number
  readonly rimAmplitude: number
  readonly headScale: number
}

/** The truth of every child of a plan; no image is painted, so hundreds take milliseconds. */
export function cohortTruth(plan: CohortPlan): ChildTruth[] {
  return planChildren(plan).map((child) => childTruth(child, drawCourse(child)))
}

function childTruth(plan: ChildPlan, child: ChildCourse): ChildTruth {
  const identity = drawIdentity(plan, child)
  return {
    participant: identity.participant,
    hospital: plan.hospital,
    test: plan.test,
    outcomeKnown: plan.outcomeKnown,
    recurrent: child.recurrent,
    lesion: child.lesion.kind,
    transient: child.lesion.transient,
    trueEventDay: child.trueEventDay ?? null,
    eventDay: child.eventDay ?? null,
    lastFollowUpDay: child.lastFollowUpDay,
    visits: identity.sessions.map(({ session, day }, visit) => ({
      session,
      day,
      lesionRadiusMm: child.lesion.radiiMm[visit] ?? 0,
      cavityCm3: (child.healing.cavityMm3[visit] ?? 0) / 1000,
      rimAmplitude: child.healing.rimAmplitudes[visit] ?? 0,
      headScale: child.healing.headScales[visit] ?? 1,
    })),
  }
}
