// What a site says of the children of its test fold besides the model's figures: how many scans they have, how long they were
// followed, and how well their scans are ordered. They leave beside the site's own figures, under names of their own.

import { shareOf } from './clustered-share.ts'
import type { DecidedLandmark, Landmark } from './landmark.ts'
import { allPairSums, type EmbeddedScan } from './pair-accuracy.ts'
import type { OwnFigures } from './site-answer.ts'

/**
 * Scans of the judged children from the surgery to the event or the end of follow-up, the mean of that time, and how many
 * children had a competing event or a change of treatment. They are no figures of a model, and have no interval.
 */
export type CohortNumber = 'scans' | 'follow_up_days' | 'competing_events' | 'treatment_changes'

/** How often the later of two scans of a child scores higher, over the gaps between scans that enough children have. */
export const pairAccuracyName = 'pair_accuracy'

/**
 * Of the children that are judged, who are those of `judged`: at least k with an event and k without.
 * @param landmarks of the test fold, those too whose outcome is not known
 */
export function ownCohort(
  judged: readonly DecidedLandmark[],
  landmarks: readonly Landmark[],
  scans: readonly EmbeddedScan[],
  minCell: number,
): OwnFigures {
  const children = new Set(judged.map(({ child }) => child))
  const theirs = landmarks.filter(({ child }) => children.has(child))
  const ends = new Map(theirs.map(({ child, day, timeDays }) => [child, day + timeDays]))
  const followUpDays = [...ends.values()].reduce((sum, days) => sum + days, 0) / ends.size
  const pairs = allPairSums(scans, minCell)
  const accuracy = pairs === null ? null : shareOf(pairs)
  return {
    scans: { value: theirs.length, error: null },
    follow_up_days: { value: followUpDays, error: null },
    ...coursesThatLeave(judged, minCell),
    ...(accuracy !== null && Number.isFinite(accuracy.value) && { [pairAccuracyName]: accuracy }),
  }
}

/**
 * Numbers of children, each only where k and more have it, and k and more or nobody has not. Who had an event is told too, and
 * nobody of them had a competing one, so the same is asked of the children who had neither.
 */
function coursesThatLeave(judged: readonly DecidedLandmark[], minCell: number): OwnFigures {
  const children = [...Map.groupBy(judged, ({ child }) => child).values()]
  const courses = children.flatMap(([first]) => first?.course ?? [])
  if (courses.length < children.length) return {}
  const all = children.length
  const events = children.filter((rows) => rows.some(({ outcome }) => outcome === 1)).length
  const competing = courses.filter((one) => one.competing).length
  const changed = courses.filter((one) => one.treatmentChanged).length
  const leaves = (count: number, ...others: readonly number[]): boolean =>
    count >= minCell && others.every((rest) => rest === 0 || rest >= minCell)
  return {
    ...(leaves(competing, all - competing, all - events - competing) && {
      competing_events: { value: competing, error: null },
    }),
    ...(leaves(changed, all - changed) && { treatment_changes: { value: changed, error: null } }),
  }
}
