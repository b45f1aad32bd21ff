// What the results say of sites that are left out one by one.

import type { PlannedCell } from './plan.ts'
import type { CellStore } from './store.ts'
import { three } from './targets.ts'

export function leftOutTable(store: CellStore, planned: readonly PlannedCell[]): string[] {
  const rows = planned.flatMap(({ cell }) => {
    const result = cell.kind === 'left-out' ? store.find(cell)?.result : undefined
    if (cell.kind !== 'left-out' || result?.kind !== 'left-out') return []
    return [{ site: cell.site, landmarks: result.landmarks }]
  })
  if (rows.length === 0) return ['Not measured yet.']
  return [
    'Both stages without the site, scored at the landmarks of its children: how often a landmark with an event within a year has more',
    'risk than one without at the same visit.',
    '',
    '| site left out | landmarks | events | concordance |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ site, landmarks }) => {
      const events = landmarks.filter(({ label }) => label === 1).length
      const agreement = concordance(landmarks)
      return `| ${site} | ${landmarks.length} | ${events} | ${agreement === undefined ? '–' : three(agreement)} |`
    }),
  ]
}

/** Of pairs at the same visit, with and without an event, the share in which the first has more risk. */
function concordance(landmarks: readonly { visits: number; logit: number; label: 0 | 1 }[]): number | undefined {
  let [right, pairs] = [0, 0]
  for (const event of landmarks) {
    if (event.label === 0) continue
    for (const other of landmarks) {
      if (other.label === 1 || other.visits !== event.visits) continue
      right += event.logit > other.logit ? 1 : event.logit === other.logit ? 0.5 : 0
      pairs++
    }
  }
  return pairs === 0 ? undefined : right / pairs
}
