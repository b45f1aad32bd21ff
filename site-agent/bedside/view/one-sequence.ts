// A child as people leaf through it: in one sequence throughout, since brightness means something else in every other. Of what a
// study shows its model at once that is the sequence which most of the child's visits have, the study's first among equals.

import type { CohortChild, CohortScan } from '../../cohort/cohort.ts'

export interface OneSequence {
  /** With the visits that have it, each as its only image. */
  readonly child: CohortChild
  /** Undefined where the study shows a visit in one image: which one, the site's choice of images has said. */
  readonly sequence: string | undefined
  /** Visits that do not have it. */
  readonly without: readonly string[]
}

/** @param channels sequences that the study shows at once, in its order; absent for other studies */
export function inOneSequence(child: CohortChild, channels: readonly string[] | undefined): OneSequence {
  if (channels === undefined) return { child, sequence: undefined, without: [] }
  const covered = channels.map((sequence, channel) => ({
    ...{ sequence, channel },
    visits: child.scans.filter(({ channels: images }) => images?.[channel] !== undefined).length,
  }))
  // Sorting keeps the order of equals, which is the study's.
  const [best] = covered.toSorted((a, b) => b.visits - a.visits)
  if (best === undefined) return { child, sequence: undefined, without: [] }
  const scans = child.scans.flatMap(({ channels: images, ...scan }): CohortScan[] => {
    const image = images?.[best.channel]
    return image === undefined ? [] : [{ ...scan, ...image }]
  })
  const shown = new Set(scans.map(({ session }) => session))
  const without = child.scans.map(({ session }) => session).filter((session) => !shown.has(session))
  return { child: { ...child, scans }, sequence: best.sequence, without }
}
