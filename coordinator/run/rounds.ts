// Looking things up in a run: its rounds, past and present, and who counts in them.

import type { Digest } from '../../shared/digest.ts'
import type { ActiveRun, PublishedRound, Round, RoundId, Run, Settlement } from './run.ts'

export function sameRound(a: RoundId, b: RoundId): boolean {
  return a.stage === b.stage && a.round === b.round
}

/** For people: both numbers from 1. */
export function roundName({ stage, round }: RoundId): string {
  return `round ${round + 1} of stage ${stage + 1}`
}

/** The round that is going on, or was when the run was cancelled. */
export function currentRound(run: Run): Round | undefined {
  switch (run.phase) {
    case 'running':
    case 'paused':
      return run.current
    case 'cancelled':
      return run.abandoned
    case 'proposed':
    case 'finished':
      return undefined
  }
}

/** Every round of the run that was ever opened, in order. */
export function roundsOf(run: Run): readonly (PublishedRound | Round)[] {
  const current = currentRound(run)
  return current === undefined ? run.published : [...run.published, current]
}

export function findRound(run: Run, id: RoundId): PublishedRound | Round | undefined {
  const current = currentRound(run)
  if (current !== undefined && sameRound(current, id)) return current
  return publishedRound(run, id)
}

export function publishedRound(run: Run, id: RoundId): PublishedRound | undefined {
  return run.published.find((round) => sameRound(round, id))
}

/** Whether the run has a round going on. */
export function isActive(run: Run): run is ActiveRun {
  return run.phase === 'running' || run.phase === 'paused'
}

/** Whether the site has given the round what it asked for; nothing changes that any more. */
export function contributes(settlement: Settlement): boolean {
  return settlement.kind === 'counted' || settlement.kind === 'evaluated'
}

/** Sites that count, in order of id: with an update, or in a closing round with an evaluation. */
export function countedSites(round: { readonly sites: ReadonlyMap<string, Settlement> }): string[] {
  return [...round.sites].filter(([, settlement]) => contributes(settlement)).map(([site]) => site)
}

/** Updates that count, in order of their sites' ids. */
export function updatesOf(round: { readonly sites: ReadonlyMap<string, Settlement> }): Digest[] {
  return [...round.sites.values()].flatMap((settlement) =>
    settlement.kind === 'counted' ? [settlement.updateDigest] : [],
  )
}
