// Sites that took part in the evaluation and could tell nothing of their test children, as too few had an event or had none. How many
// children that leaves out of every figure is known of nobody but the site; a reader gets an idea of it from those that it trained on.

import { counted } from '../../shared/counted.ts'
import type { Pooled } from '../../shared/evaluation/pooled.ts'
import type { Study } from '../../shared/study/study.ts'
import type { RoundStatus } from '../status.ts'

export interface UntoldSite {
  readonly site: string
  /** As many test children as the shares of the folds give to those trained on; null where it never trained recurrence. */
  readonly aboutChildren: number | null
}

export function untoldSites({ folds }: Study, rounds: readonly RoundStatus[], { test, sites }: Pooled): UntoldSite[] {
  const heard = test[0]?.sites ?? []
  const trainings = rounds.filter(({ task, purpose }) => task === 'recurrence' && purpose === 'training')
  return sites
    .filter(({ site }) => !heard.includes(site))
    .map(({ site }) => {
      const trained = trainings
        .flatMap((round) => round.sites.filter((one) => one.site === site && one.outcome === 'counted'))
        .at(-1)?.children
      return { site, aboutChildren: trained === undefined ? null : Math.round((trained * folds.test) / folds.train) }
    })
}

/** For the cautions: who they are, how many children may be meant, and what that does to the figures. */
export function untoldInWords(untold: readonly UntoldSite[], minCell: number): string {
  const names = untold.map(({ site }) => site).join(', ')
  const known = untold.flatMap(({ aboutChildren }) => (aboutChildren === null ? [] : [aboutChildren]))
  const total = known.reduce((sum, one) => sum + one, 0)
  const unknown = known.length === untold.length ? '' : `, without ${untold.length - known.length} of these sites`
  const about =
    known.length === 0
      ? ''
      : ` That may leave out about ${counted(total, 'child', 'children')}, by those trained on${unknown}.`
  return (
    `Too few children to say anything: ${names}. There are fewer than ${minCell} with an event or fewer than ${minCell} without one in the test fold, ` +
    `so their test children stand in no figure but perhaps in those of the order of scans and of knowing the site.${about} With them the figures could be others.`
  )
}
