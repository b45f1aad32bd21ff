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

/** Sites that count, in order of id. */
export function countedSites(round: { readonly sites: ReadonlyMap<string, Settlement> }): string[] {
  return [...round.sites].filter(([, settlement]) => settlement.kind === 'counted').map(([site]) => site)
}

/** Updates that count, in order of their sites' ids. */
export function updatesOf(round: { readonly sites: ReadonlyMap<string, Settlement> }): Digest[] {
  return [...round.sites.values()].flatMap((settlement) =>
    settlement.kind === 'counted' ? [settlement.updateDigest] : [],
  )
}

/** The round after `id`: the next of the stage, or the first of the next stage; nothing after the last. */
export function roundAfter(run: Run, id: RoundId): RoundId | undefined {
  const stage = run.study.stages[id.stage]
  if (stage !== undefined && id.round + 1 < stage.rounds) return { stage: id.stage, round: id.round + 1 }
  if (id.stage + 1 < run.study.stages.length) return { stage: id.stage + 1, round: 0 }
  return undefined
}
