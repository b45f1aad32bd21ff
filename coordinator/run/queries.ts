// What the state says to those who ask: which work a site has, whether an update is wanted, which weights a site may
// have, and when a deadline is next. Nothing here changes anything.

import type { Digest } from '../../shared/digest.ts'
import type { AssignmentKey } from '../../shared/protocol/assignment-id.ts'
import { judge } from './announcement.ts'
import { linkBlobs } from './linkage.ts'
import { contributes, findRound, isActive, publishedRound, roundsOf, updatesOf } from './rounds.ts'
import type { Federation, MomentDigests, PooledBlob, Purpose, Run, UpdateAnnouncement } from './run.ts'

/** What a site is asked to do now. */
export interface Assignment extends AssignmentKey {
  readonly baseDigest: Digest
  readonly purpose: Purpose
  /** Of a pass: what the passes before came to; absent in the first. */
  readonly pooled?: PooledBlob
  /** In a short round this lies in the past: the round waits for its quorum. */
  readonly deadlineMs: number
}

/**
 * What the site should be working on: every open round that awaits it, and every short round in which it does not
 * count. Nothing of a run that is paused or whose round is sealed.
 */
export function assignmentsFor(federation: Federation, site: string): readonly Assignment[] {
  return [...federation.runs.values()].flatMap((run) => {
    if (run.phase !== 'running') return []
    const { stage, round, purpose, baseDigest, deadlineMs, status, sites } = run.current
    const settlement = sites.get(site)
    if (settlement === undefined || status === 'sealed' || contributes(settlement)) return []
    if (status === 'open' && settlement.kind !== 'awaited') return []
    const pooled = purpose === 'pass' ? publishedRound(run, { stage, round: round - 1 })?.pooled : undefined
    const work = { studyDigest: run.studyDigest, stage, round, purpose, baseDigest, deadlineMs }
    return [pooled === undefined ? work : { ...work, pooled }]
  })
}

/**
 * Whether an update for an assignment could still count, counts already, will not come by the site's or our own word, or
 * cannot count any more. A pause changes nothing.
 */
export function standingOf(
  federation: Federation,
  site: string,
  assignment: AssignmentKey,
): 'wanted' | 'counted' | 'settled' | 'over' {
  const run = federation.runs.get(assignment.studyDigest)
  const round = run === undefined ? undefined : findRound(run, assignment)
  const settlement = round?.sites.get(site)
  if (run === undefined || round === undefined || settlement === undefined) return 'over'
  if (contributes(settlement)) return 'counted'
  if (!isActive(run) || round !== run.current || round.status === 'sealed') return 'over'
  return run.current.status === 'short' || settlement.kind === 'awaited' ? 'wanted' : 'settled'
}

/**
 * Whether to read the bytes of an announced update; `expectedByteLength` is that of the model's weights file.
 * The command `announce-update` answers the same and records what is refused.
 * @throws SequelaError `study_unknown`, `not_invited`, `round_unknown`, `round_closed`, `base_mismatch`,
 *   `update_too_large`, `shape_mismatch`, `too_few_children`, `duplicate_update`, or the code of an earlier refusal.
 */
export function admitAnnouncement(
  federation: Federation,
  announcement: UpdateAnnouncement,
  expectedByteLength: number,
): { readonly kind: 'wanted' | 'counted' } {
  const verdict = judge(federation, announcement, { expectedByteLength })
  if (verdict.kind === 'wanted' || verdict.kind === 'counted') return { kind: verdict.kind }
  throw verdict.refusal
}

/** Whether the site may have these weights: a base or a result of a run whose study lists the site. */
export function mayDownload(federation: Federation, site: string, digest: Digest): boolean {
  return [...federation.runs.values()].some((run) => run.study.sites.includes(site) && holdsWeights(run, digest))
}

/**
 * What the store must keep: the weights of every round, the moments that the next step starts from, the updates of rounds
 * whose average is not published yet, and while a run lasts the tokens of its sites. A site's update says more about its children than the average does, so nobody
 * keeps it longer than it is needed.
 */
export function neededBlobs(federation: Federation): ReadonlySet<Digest> {
  return new Set(
    [...federation.runs.values()].flatMap((run) => [
      ...weightsOf(run),
      ...Object.values(momentsBefore(run) ?? {}),
      ...updatesToAverage(run),
      ...linkBlobs(run),
    ]),
  )
}

/** Moments that the step of the current round starts from; none in the first round of a stage. */
export function momentsBefore(run: Run): MomentDigests | undefined {
  if (!isActive(run)) return undefined
  const { stage, round } = run.current
  return publishedRound(run, { stage, round: round - 1 })?.moments
}

/** The earliest deadline that `look-at-clock` would act on; undefined when there is none. */
export function nextDeadline(federation: Federation): number | undefined {
  let next: number | undefined
  for (const run of federation.runs.values()) {
    if (run.phase !== 'running' || run.current.status !== 'open') continue
    next = Math.min(next ?? run.current.deadlineMs, run.current.deadlineMs)
  }
  return next
}

/** Moments after the last two rounds: of earlier ones none is left, and what the next step needs is a needed blob. */
export function lastMoments(run: Run): readonly Digest[] {
  return run.published.slice(-2).flatMap(({ moments }) => Object.values(moments ?? {}))
}

function holdsWeights(run: Run, digest: Digest): boolean {
  return weightsOf(run).includes(digest)
}

/** Bases and results of every round, and what passes of an evaluation came to. */
function weightsOf(run: Run): readonly Digest[] {
  return roundsOf(run).flatMap((round) => [
    round.baseDigest,
    ...('weightsDigest' in round ? [round.weightsDigest] : []),
    ...('pooled' in round && round.pooled !== undefined ? [round.pooled.digest] : []),
  ])
}

function updatesToAverage(run: Run): readonly Digest[] {
  return isActive(run) ? updatesOf(run.current) : []
}
