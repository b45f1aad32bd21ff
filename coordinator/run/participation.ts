// Who took part, told honestly: every invited site of every round exactly once, with what became of it and why.

import { roundsOf } from './rounds.ts'
import type { PublishedRound, Round, RoundId, Run, Settlement } from './run.ts'

export interface RoundParticipation extends RoundId {
  /** abandoned: the run was cancelled before the round had weights. */
  readonly status: Round['status'] | 'published' | 'abandoned'
  /** In order of id. */
  readonly sites: readonly SiteParticipation[]
}

export interface SiteParticipation {
  readonly site: string
  readonly settlement: Settlement
  /** It delivered after the round was sealed. */
  readonly late: boolean
  /** Factor by which the strategy scaled its update down; 1 where it did not. */
  readonly scaledBy: number
}

/** Every round of the run so far, in order. */
export function participation(run: Run): readonly RoundParticipation[] {
  return roundsOf(run).map((round) => ({
    stage: round.stage,
    round: round.round,
    status: statusOf(run, round),
    sites: [...round.sites].map(([site, settlement]) => ({
      site,
      settlement,
      late: round.late.includes(site),
      scaledBy: 'clipped' in round ? (round.clipped.get(site) ?? 1) : 1,
    })),
  }))
}

function statusOf(run: Run, round: PublishedRound | Round): RoundParticipation['status'] {
  if (!('status' in round)) return 'published'
  return run.phase === 'cancelled' ? 'abandoned' : round.status
}
