// What a coordinator knows, as one JSON document: for `status`, for the export beside the weights, for the demo's report.
// Nothing is computed that the journal does not say: who was asked in each round, who counts, who does not and why. Beside
// it stands what only the process knows: who is connected, and which study it holds back.

import type { Clock } from '../shared/clock.ts'
import type { ModelSpec } from '../shared/model/model-spec.ts'
import { parseAssignmentId } from '../shared/protocol/assignment-id.ts'
import type { MetricSum } from '../shared/study/metrics.ts'
import { modelOf } from '../shared/study/model-of.ts'
import type { FromStudy } from '../shared/study/study.ts'
import { type LinkageStatus, linkageStatus } from './linkage/linkage-status.ts'
import type { HeldBack, Reactions } from './reactions.ts'
import { standingOf } from './run/queries.ts'
import { currentRound } from './run/rounds.ts'
import type { Choice, EarlyStop, Federation, PublishedRound, Purpose, Round, Run, Settlement } from './run/run.ts'
import { type Unmeasured, unmeasured } from './run/validation.ts'

/** One site in one round. `outcome` is counted, evaluated, declined, refused, missing or awaited; `reason` where there is one. */
export interface ParticipationStatus {
  readonly site: string
  readonly outcome: Settlement['kind']
  readonly code?: string
  readonly reason?: string
  readonly children?: number
  readonly norm?: number
  readonly bytes?: number
  /** Factor by which the strategy scaled the update down; absent when it did not. */
  readonly clippedBy?: number
  readonly metrics?: readonly MetricSum[]
}

export interface RoundStatus {
  readonly stage: number
  readonly round: number
  readonly task: string
  readonly state: 'open' | 'short' | 'sealed' | 'published'
  /** evaluation: the closing round of a stage, in which sites say how its last weights do. */
  readonly purpose: Purpose
  /** Of a pass of the evaluation that is over: the blob of what the answers came to so far. */
  readonly pooledDigest?: string
  /** Of a closing round that is over: whose weights were chosen, and by what. */
  readonly choice?: Choice
  readonly openedAtMs: number
  readonly deadlineMs?: number
  readonly sealedAtMs?: number
  readonly publishedAtMs?: number
  readonly baseDigest: string
  readonly weightsDigest?: string
  readonly sites: readonly ParticipationStatus[]
  readonly late: readonly string[]
  /** Over the sites that counted: sums and counts added, so each metric is `sum / count`. */
  readonly metrics: readonly MetricSum[]
}

export interface RunStatus {
  readonly studyDigest: string
  readonly study: string
  readonly phase: Run['phase']
  readonly sites: readonly string[]
  readonly quorum: number
  readonly model: ModelSpec
  /** The study file, byte for byte. */
  readonly text: string
  /** Whether the run ends with an evaluation. */
  readonly evaluates: boolean
  readonly stages: readonly { readonly task: string; readonly rounds: number }[]
  /** Of a study that trains nothing: whose weights it judges. */
  readonly from?: FromStudy
  /** Parameters that every site keeps for itself; the run's weights hold their beginning. */
  readonly personal?: readonly string[]
  readonly rounds: readonly RoundStatus[]
  /** Of a study that looks for children in two hospitals. */
  readonly linkage?: LinkageStatus
  /** Stages that ended before their last round, and the best that they had come to; rounds from 0. */
  readonly stopped: readonly EarlyStop[]
  /** Stages with nothing to choose or to stop by, as every site withheld the metric; absent: none. */
  readonly unmeasured?: readonly Unmeasured[]
  /** Why its sealed round is not averaged; it is tried again when the coordinator starts. */
  readonly heldBack?: HeldBack
  readonly weightsDigest?: string
  readonly startedAtMs?: number
  readonly finishedAtMs?: number
  readonly reason?: string
}

export interface SiteStatus {
  readonly site: string
  readonly certificateNotAfterMs: number | null
  readonly connected: boolean
  readonly programVersion?: string
  /** What it last said it was doing for a round that still waits for it. */
  readonly work?: {
    readonly assignmentId: string
    readonly activity: string
    readonly done: number
    readonly total: number
  }
  readonly lastHeardMs?: number
}

export interface CoordinatorStatus {
  readonly atMs: number
  readonly programVersion: string
  readonly domain: string
  readonly federationAddress: string
  readonly enrolmentAddress: string
  readonly rootFingerprint: string
  /** What the operator must do before the coordinator's own certificates end; absent: nothing. */
  readonly certificateWarning?: string
  readonly journal: { readonly size: number; readonly rootHash: string }
  readonly sites: readonly SiteStatus[]
  readonly runs: readonly RunStatus[]
}

/** The parts of a status that do not come from the runs. */
export type CoordinatorFacts = Omit<CoordinatorStatus, 'atMs' | 'runs'>

export function coordinatorStatus(
  facts: CoordinatorFacts,
  federation: Federation,
  { clock, heldBack }: Pick<Reactions, 'heldBack'> & { readonly clock: Clock },
): CoordinatorStatus {
  const runs = [...federation.runs.values()].map((run) => {
    const held = heldBack(run.studyDigest)
    return held === undefined ? runStatus(run) : { ...runStatus(run), heldBack: held }
  })
  return { ...facts, sites: facts.sites.map((site) => atWork(site, federation)), atMs: clock.now(), runs }
}

/** A site says what it begins and how far it is, not that it is done: that is in the run. */
function atWork({ work, ...site }: SiteStatus, federation: Federation): SiteStatus {
  if (work === undefined) return site
  return standingOf(federation, site.site, parseAssignmentId(work.assignmentId)) === 'wanted' ? { ...site, work } : site
}

export function runStatus(run: Run): RunStatus {
  const { study } = run
  const round = currentRound(run)
  const silent = unmeasured(run)
  const current = round === undefined ? [] : [openRound(run, round)]
  return {
    studyDigest: run.studyDigest,
    study: study.study,
    phase: run.phase,
    sites: [...study.sites].sort(),
    quorum: study.round.quorum,
    model: modelOf(study),
    text: run.text,
    evaluates: study.evaluation !== undefined,
    stages: study.stages.map(({ task, rounds }) => ({ task, rounds })),
    ...(study.from !== undefined && { from: study.from }),
    rounds: [...run.published.map((round) => publishedRound(run, round)), ...current],
    stopped: run.stopped,
    ...(silent.length > 0 && { unmeasured: silent }),
    ...(study.training.personal !== undefined && { personal: study.training.personal }),
    ...(study.policy.linkage !== undefined && { linkage: linkageStatus(run) }),
    ...('startedAtMs' in run ? { startedAtMs: run.startedAtMs } : {}),
    ...(run.phase === 'finished' ? { weightsDigest: run.weightsDigest, finishedAtMs: run.finishedAtMs } : {}),
    ...(run.phase === 'cancelled' ? { reason: run.reason, finishedAtMs: run.cancelledAtMs } : {}),
  }
}

/** Sites' sums added up by name, in the order in which names first appear among sites sorted by id. */
export function addMetrics(sites: readonly { readonly metrics?: readonly MetricSum[] }[]): readonly MetricSum[] {
  const totals = new Map<string, MetricSum>()
  for (const metric of sites.flatMap((site) => site.metrics ?? [])) {
    const total = totals.get(metric.name)
    totals.set(metric.name, {
      name: metric.name,
      sum: (total?.sum ?? 0) + metric.sum,
      count: (total?.count ?? 0) + metric.count,
      children: (total?.children ?? 0) + metric.children,
    })
  }
  return [...totals.values()]
}

function publishedRound(run: Run, round: PublishedRound): RoundStatus {
  const sites = [...round.sites].map(([site, settlement]) => participation(site, settlement, round.clipped.get(site)))
  return {
    stage: round.stage,
    round: round.round,
    task: taskOf(run, round.stage),
    state: 'published',
    purpose: round.purpose,
    ...(round.choice !== undefined && { choice: round.choice }),
    ...(round.pooled !== undefined && { pooledDigest: round.pooled.digest }),
    openedAtMs: round.openedAtMs,
    sealedAtMs: round.sealedAtMs,
    publishedAtMs: round.publishedAtMs,
    baseDigest: round.baseDigest,
    weightsDigest: round.weightsDigest,
    sites,
    late: round.late,
    metrics: addMetrics(sites),
  }
}

function openRound(run: Run, round: Round): RoundStatus {
  const sites = [...round.sites].map(([site, settlement]) => participation(site, settlement))
  return {
    stage: round.stage,
    round: round.round,
    task: taskOf(run, round.stage),
    state: round.status,
    purpose: round.purpose,
    openedAtMs: round.openedAtMs,
    deadlineMs: round.deadlineMs,
    baseDigest: round.baseDigest,
    sites,
    late: round.late,
    metrics: addMetrics(sites),
  }
}

function participation(site: string, settlement: Settlement, clippedBy?: number): ParticipationStatus {
  switch (settlement.kind) {
    case 'counted': {
      const { children, norm, byteLength, metrics } = settlement
      const clipping = clippedBy === undefined ? {} : { clippedBy }
      return { site, outcome: 'counted', children, norm, bytes: byteLength, metrics, ...clipping }
    }
    case 'evaluated':
      return { site, outcome: 'evaluated', metrics: settlement.metrics }
    case 'declined':
    case 'refused':
      return { site, outcome: settlement.kind, code: settlement.code, reason: settlement.reason }
    case 'missing':
      return { site, outcome: 'missing', reason: 'nothing came before the round closed' }
    case 'awaited':
      return { site, outcome: 'awaited' }
  }
}

function taskOf(run: Run, stage: number): string {
  return run.study.stages[stage]?.task ?? 'evaluation'
}
