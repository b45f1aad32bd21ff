// The sequence in which a child is shown where a study shows a visit in one image. The child's first visit decides, by the
// study's order of preference: what later visits have is not known then, and must not change what was shown before
// (decision 35).

import { channelsOf } from '../../shared/study/sequences.ts'
import type { Study } from '../../shared/study/study.ts'
import type { BidsVisit } from './bids.ts'
import type { DataFolder } from './data-folder.ts'
import { type PreferredImage, preferredImage } from './image-choice.ts'
import { locateVisit } from './located-visit.ts'
import { placeVisits, type VisitTime } from './visit-days.ts'

export interface ChildSequence {
  /** Undefined where no visit has any, none can be placed in time, or the study shows no visit in one image. */
  readonly sequence: string | undefined
  /** Why nobody can tell which visit was the first. */
  readonly contradiction?: string
}

/**
 * Of visits of the first day the one that is preferred decides.
 * @param visits without those that a person took out
 * @param excluded when these were
 */
export async function sequenceOfChild(
  folder: DataFolder,
  visits: readonly BidsVisit[],
  pipeline: Study['pipeline'],
  excluded: readonly VisitTime[],
): Promise<ChildSequence> {
  if ('features' in pipeline || channelsOf(pipeline) !== undefined) return { sequence: undefined }
  const preferred = visits.flatMap((visit) => {
    const image = preferredImage(visit, pipeline)
    return image === undefined ? [] : [{ visit, image }]
  })
  const sequences = new Set(preferred.map(({ image }) => image.sequence))
  // Whichever visit is the first; no table or sidecar needs to be read for it.
  if (sequences.size < 2) return { sequence: [...sequences][0] }

  const times: VisitTime[] = []
  const ofVisit = new Map<string, PreferredImage>()
  for (const { visit, image } of preferred) {
    const { located } = await locateVisit(folder, visit, [image.image], false)
    if (located === undefined) continue
    times.push(located.time)
    ofVisit.set(visit.session, image)
  }
  const { dated, contradiction } = placeVisits(times, excluded)
  if (contradiction !== undefined) return { sequence: undefined, contradiction }
  const ofFirstDay = dated
    .filter(({ day }) => day === dated[0]?.day)
    .flatMap(({ session }) => ofVisit.get(session) ?? [])
    .toSorted((a, b) => a.rank - b.rank)
  return { sequence: ofFirstDay[0]?.sequence }
}
