// When a round closes. A round is sealed when every invited site has settled and enough of them count, or at its deadline
// when enough count; not as soon as enough count, which would make results depend on speed. With fewer than the quorum it
// falls short, waits, and is sealed by the update that completes the quorum. While a run is paused nothing is sealed.

import { countedSites } from './rounds.ts'
import type { Run, RunEvent } from './run.ts'
import { afterEvaluation } from './succession.ts'

/** What follows at once from how the sites of the run's round have settled. */
export function whenSettled(run: Run, nowMs: number): readonly RunEvent[] {
  if (run.phase !== 'running' || run.current.status === 'sealed') return []
  const { status, sites } = run.current
  const counted = countedSites(run.current)
  const enough = counted.length >= run.study.round.quorum
  if (status === 'short') return enough ? sealing(run, 'quorum-reached', counted, nowMs) : []
  if ([...sites.values()].some((settlement) => settlement.kind === 'awaited')) return []
  return enough ? sealing(run, 'all-settled', counted, nowMs) : [shortfall(run, counted)]
}

/** What follows from the deadline, if it has come at `nowMs`. */
export function whenDue(run: Run, nowMs: number): readonly RunEvent[] {
  if (run.phase !== 'running' || run.current.status !== 'open' || nowMs < run.current.deadlineMs) return []
  const counted = countedSites(run.current)
  return counted.length >= run.study.round.quorum ? sealing(run, 'deadline', counted, nowMs) : [shortfall(run, counted)]
}

type Running = Extract<Run, { phase: 'running' }>
type Sealing = Extract<RunEvent, { type: 'round-sealed' }>

/** A closing round has nothing to average, so what it leads to follows at once. */
function sealing(
  run: Running,
  reason: Sealing['reason'],
  counted: readonly string[],
  nowMs: number,
): readonly RunEvent[] {
  const { studyDigest, current } = run
  const { stage, round, purpose } = current
  const sealed: RunEvent = { type: 'round-sealed', studyDigest, stage, round, reason, counted }
  return purpose === 'evaluation' ? [sealed, ...afterEvaluation(run, nowMs)] : [sealed]
}

function shortfall(run: Running, counted: readonly string[]): RunEvent {
  const { stage, round } = run.current
  return { type: 'quorum-missed', studyDigest: run.studyDigest, stage, round, counted: counted.length }
}
