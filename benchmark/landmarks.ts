// Children as they were at their landmarks: cut off after each visit whose answer is known.

import { labelWithin } from '../shared/cohort/outcome.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'

export const horizonDays = 365

export interface Landmark<Child extends PreparedChild> {
  /** With scans up to the landmark. */
  readonly child: Child
  /** From 1. */
  readonly visits: number
  readonly label: 0 | 1
}

/** Every decided landmark of the children. */
export function landmarksOf<Child extends PreparedChild>(children: readonly Child[]): Landmark<Child>[] {
  return children.flatMap((child) =>
    child.scans.flatMap(({ followUp }, visit) => {
      const label = labelWithin(followUp, horizonDays)
      return label === null
        ? []
        : [{ child: { ...child, scans: child.scans.slice(0, visit + 1) }, visits: visit + 1, label }]
    }),
  )
}

/** The label of a child's last scan; a child whose answer is not known must not come here. */
export function lastLabel({ scans }: Pick<PreparedChild, 'scans'>): 0 | 1 {
  const label = labelWithin(scans.at(-1)?.followUp ?? null, horizonDays)
  if (label === null) throw new Error('a test child is undecided at its landmark')
  return label
}

/** Each scan as a child of its own: what a model may see that is shown one scan. */
export function singleScans<Child extends PreparedChild>(children: readonly Child[]): Child[] {
  return children.flatMap((child) =>
    child.scans.map((scan, visit) => ({ ...child, key: `${child.key}-${visit}`, scans: [scan] })),
  )
}
