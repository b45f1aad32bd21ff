// What a site says of the children of its test fold besides the model's figures: how many scans they have, how long they were
// followed, and how well their scans are ordered. They leave beside the site's own figures, under names of their own.

import { shareOf } from './clustered-share.ts'
import type { DecidedLandmark, Landmark } from './landmark.ts'
import { allPairSums, type EmbeddedScan } from './pair-accuracy.ts'
import type { OwnFigures } from './site-answer.ts'

/** Every number with what it says; they are no figures of a model, and have no interval. */
export const cohortNumbers = {
  scans: 'scans of these children from the surgery to the event or the end of follow-up',
  follow_up_days: 'mean over these children, from the surgery to the event or the end of follow-up',
} as const satisfies Record<string, string>

export type CohortNumber = keyof typeof cohortNumbers

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
    ...(accuracy !== null && Number.isFinite(accuracy.value) && { [pairAccuracyName]: accuracy }),
  }
}
