// What an event does to the state. Replaying the journal through this function is how a coordinator knows, after a
// restart, what it knew before; so every event that was ever recorded must stay readable here.
// An event that does not fit the state is a fault of the program or a damaged journal, never a refusal.

import type { Digest } from '../../shared/digest.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { evolveLinkage, nothingLinked } from './linkage.ts'
import { contributes, isActive, publishedRound, sameRound } from './rounds.ts'
import type {
  ActiveRun,
  Federation,
  PublishedRound,
  Round,
  RoundId,
  Run,
  RunEvent,
  SealedRound,
  Settlement,
} from './run.ts'

/** A coordinator that knows of no study. */
export const emptyFederation: Federation = { runs: new Map() }

/**
 * The state after an event that was recorded at `atMs` (milliseconds since 1970). The state passed in is not changed.
 * @throws Error when the event cannot have happened in that state.
 */
export function evolve(federation: Federation, event: RunEvent, atMs: number): Federation {
  const runs = new Map(federation.runs)
  runs.set(event.studyDigest, evolveRun(federation.runs.get(event.studyDigest), event, atMs))
  return { runs }
}

function evolveRun(run: Run | undefined, event: RunEvent, atMs: number): Run {
  if (event.type === 'study-proposed') {
    if (run !== undefined) throw misplaced(event, run)
    return proposed(event.studyDigest, event.text, atMs)
  }
  if (run === undefined) throw new Error(`${event.type}: the study ${event.studyDigest} was never proposed`)
  switch (event.type) {
    case 'run-started':
      // The run's first round follows in the same batch and brings the phase with it.
      if (run.phase !== 'proposed') throw misplaced(event, run)
      return run
    case 'round-opened':
      return roundOpened(run, event, atMs)
    case 'update-counted': {
      const { updateDigest, byteLength, children, norm, metrics } = event
      return settled(run, event, { kind: 'counted', updateDigest, byteLength, children, norm, metrics })
    }
    case 'evaluation-reported':
      return settled(run, event, { kind: 'evaluated', metrics: event.metrics })
    case 'update-refused':
      return settled(run, event, { kind: 'refused', code: event.code, reason: event.reason })
    case 'site-declined':
      return settled(run, event, { kind: 'declined', code: event.code, reason: event.reason })
    case 'update-late':
      return noteLate(run, event, event.site)
    case 'quorum-missed': {
      const active = unsealed(run, event)
      return { ...active, current: { ...active.current, status: 'short' } }
    }
    case 'round-sealed': {
      const active = unsealed(run, event)
      return { ...active, current: sealed(active.current, atMs) }
    }
    case 'weights-published':
      return roundOver(run, event, atMs, {
        clipped: new Map(event.clipped),
        ...(event.moments !== undefined && { moments: event.moments }),
        ...(event.pooled !== undefined && { pooled: event.pooled }),
      })
    case 'weights-chosen':
      return roundOver(run, event, atMs, {
        clipped: new Map(),
        ...(event.choice !== undefined && { choice: event.choice }),
      })
    case 'stage-stopped': {
      if (!isActive(run) || publishedRound(run, event) === undefined) throw misplaced(event, run)
      const { stage, round, metric, best } = event
      return { ...run, stopped: [...run.stopped, { stage, round, metric, best }] }
    }
    case 'link-list-recorded':
    case 'site-unchecked':
      return { ...run, linkage: evolveLinkage(run, event) }
    case 'run-finished': {
      if (!isActive(run)) throw misplaced(event, run)
      const { startedAtMs } = run
      const { weightsDigest } = event
      return { ...commonOf(run), phase: 'finished', startedAtMs, finishedAtMs: atMs, weightsDigest }
    }
    case 'run-paused':
      if (run.phase !== 'running') throw misplaced(event, run)
      return { ...run, phase: 'paused', pausedAtMs: atMs }
    case 'run-resumed': {
      if (run.phase !== 'paused') throw misplaced(event, run)
      const { pausedAtMs: _, ...rest } = run
      return { ...rest, phase: 'running', current: { ...run.current, deadlineMs: event.deadlineMs } }
    }
    case 'run-cancelled': {
      if (run.phase === 'finished' || run.phase === 'cancelled') throw misplaced(event, run)
      const abandoned = isActive(run) ? run.current : undefined
      const { reason } = event
      return { ...commonOf(run), phase: 'cancelled', cancelledAtMs: atMs, reason, abandoned }
    }
  }
}

function proposed(studyDigest: Digest, text: string, atMs: number): Run {
  const { study, digest } = parseStudy(text)
  if (digest !== studyDigest) throw new Error(`study-proposed: the text has the digest ${digest}, not ${studyDigest}`)
  const nothingYet = { published: [], stopped: [], linkage: nothingLinked }
  return { studyDigest, text, study, ...nothingYet, phase: 'proposed', proposedAtMs: atMs }
}

function commonOf({ studyDigest, text, study, published, stopped, linkage }: Run) {
  return { studyDigest, text, study, published, stopped, linkage }
}

/** The first round starts the run; every other one follows the end of another, in the same batch. */
function roundOpened(run: Run, event: RunEvent & { type: 'round-opened' }, atMs: number): Run {
  const current: Round = {
    purpose: event.purpose ?? 'training',
    stage: event.stage,
    round: event.round,
    baseDigest: event.baseDigest,
    openedAtMs: atMs,
    deadlineMs: event.deadlineMs,
    sites: new Map(event.sites.map((site) => [site, { kind: 'awaited' }])),
    late: [],
    status: 'open',
  }
  if (run.phase === 'proposed') {
    return { ...commonOf(run), phase: 'running', startedAtMs: atMs, current }
  }
  if (!isActive(run) || !run.published.some((round) => sameRound(round, run.current))) throw misplaced(event, run)
  return { ...run, current }
}

function settled(run: Run, event: RunEvent & { readonly site: string } & RoundId, settlement: Settlement): Run {
  const active = unsealed(run, event)
  const before = active.current.sites.get(event.site)
  if (before === undefined || contributes(before)) throw misplaced(event, run)
  return { ...active, current: { ...active.current, sites: withEntry(active.current.sites, event.site, settlement) } }
}

function sealed(round: Round, atMs: number): SealedRound {
  const sites = new Map<string, Settlement>()
  for (const [site, settlement] of round.sites) {
    sites.set(site, settlement.kind === 'awaited' ? { kind: 'missing' } : settlement)
  }
  return { ...round, sites, status: 'sealed', sealedAtMs: atMs }
}

/** `current` still names the round until the next event of the batch opens another or ends the run. */
function roundOver(
  run: Run,
  event: RunEvent & { type: 'weights-published' | 'weights-chosen' },
  atMs: number,
  result: Pick<PublishedRound, 'clipped' | 'moments' | 'choice' | 'pooled'>,
): Run {
  if (!isActive(run) || run.current.status !== 'sealed' || !sameRound(run.current, event)) throw misplaced(event, run)
  const { purpose, stage, round, baseDigest, openedAtMs, sealedAtMs, sites, late } = run.current
  if ((purpose === 'evaluation') !== (event.type === 'weights-chosen')) throw misplaced(event, run)
  if ((purpose === 'pass') !== (result.pooled !== undefined)) throw misplaced(event, run)
  const { weightsDigest } = event
  const over = { purpose, stage, round, baseDigest, openedAtMs, sealedAtMs, sites, late }
  return { ...run, published: [...run.published, { ...over, ...result, weightsDigest, publishedAtMs: atMs }] }
}

function noteLate(run: Run, id: RoundId, site: string): Run {
  if (run.phase === 'cancelled' && run.abandoned !== undefined && sameRound(run.abandoned, id)) {
    return { ...run, abandoned: { ...run.abandoned, late: [...run.abandoned.late, site] } }
  }
  if (isActive(run) && sameRound(run.current, id)) {
    return { ...run, current: { ...run.current, late: [...run.current.late, site] } }
  }
  const published = run.published.map((round) =>
    sameRound(round, id) ? { ...round, late: [...round.late, site] } : round,
  )
  return { ...run, published }
}

/** The run, if the event's round is its current one and still takes updates. */
function unsealed(run: Run, event: RunEvent & RoundId): ActiveRun {
  if (!isActive(run) || !sameRound(run.current, event) || run.current.status === 'sealed') throw misplaced(event, run)
  return run
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value)
}

function misplaced(event: RunEvent, run: Run): Error {
  return new Error(`${event.type} cannot happen to the study ${run.studyDigest} while it is ${run.phase}`)
}
