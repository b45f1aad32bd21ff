// The status document as a person reads it in a terminal.

import type { MetricSum } from '../shared/study/metrics.ts'
import type { CoordinatorStatus, RoundStatus, RunStatus, SiteStatus } from './status.ts'

/** Lines of plain text; `showRounds` is how many of the last rounds of each run are shown site by site. */
export function statusText(status: CoordinatorStatus, showRounds = 3): string {
  const lines = [
    `coordinator of ${status.domain} (${status.programVersion}) at ${instant(status.atMs)}`,
    `  federation ${status.federationAddress}   enrolment ${status.enrolmentAddress}`,
    `  root ${status.rootFingerprint}`,
    `  journal ${status.journal.size} entries, head ${status.journal.rootHash.slice(0, 16)}`,
    '',
    status.sites.length === 0 ? 'no site has been invited yet: coordinator invite SITE' : 'sites',
    ...status.sites.map((site) => `  ${siteLine(site, status.atMs)}`),
    '',
    status.runs.length === 0 ? 'no study yet: coordinator study start FILE' : 'studies',
    ...status.runs.flatMap((run) => runLines(run, showRounds)),
  ]
  return lines.join('\n')
}

/** For example `pair_accuracy 0.742 (312)`: the value and the count behind it. */
export function metricText(metric: MetricSum): string {
  const value = metric.count === 0 ? 'n/a' : (metric.sum / metric.count).toFixed(3)
  return `${metric.name} ${value} (${metric.count})`
}

function siteLine(site: SiteStatus, atMs: number): string {
  const certificate =
    site.certificateNotAfterMs === null
      ? 'invited, not enrolled'
      : site.certificateNotAfterMs < atMs
        ? 'certificate expired, needs a new code'
        : `certificate until ${instant(site.certificateNotAfterMs)}`
  const connection = site.connected ? `connected, ${site.programVersion ?? 'unknown version'}` : 'not connected'
  const work = site.work === undefined ? '' : `, ${site.work.activity} ${site.work.done}/${site.work.total}`
  return `${site.site.padEnd(20)} ${connection}${work}; ${certificate}`
}

function runLines(run: RunStatus, showRounds: number): string[] {
  const total = run.stages.reduce((sum, stage) => sum + stage.rounds, 0)
  const done = run.rounds.filter((round) => round.state === 'published').length
  const reason = run.reason === undefined ? '' : ` (${run.reason})`
  return [
    `  ${run.study}  ${run.phase}${reason}, ${done} of ${total} rounds   ${run.studyDigest}`,
    ...run.rounds.slice(-showRounds).flatMap((round) => roundLines(round, run.quorum)),
    ...(run.weightsDigest === undefined ? [] : [`    final weights ${run.weightsDigest}`]),
  ]
}

function roundLines(round: RoundStatus, quorum: number): string[] {
  const counted = round.sites.filter((site) => site.outcome === 'counted').length
  const waiting = round.state === 'short' ? `; waits: ${counted} count and the quorum is ${quorum}` : ''
  const deadline = round.deadlineMs === undefined ? '' : `, deadline ${instant(round.deadlineMs)}`
  const others = round.sites.filter((site) => site.outcome !== 'counted')
  return [
    `    stage ${round.stage + 1} ${round.task}, round ${round.round + 1}: ${round.state}, ` +
      `${counted} of ${round.sites.length} sites count${waiting}${round.state === 'published' ? '' : deadline}`,
    ...others.map(
      (site) =>
        `      ${site.site}: ${site.outcome}${site.code === undefined ? '' : ` ${site.code}`}${site.reason === undefined ? '' : `, ${site.reason}`}`,
    ),
    ...(round.metrics.length === 0 ? [] : [`      ${round.metrics.map(metricText).join(', ')}`]),
  ]
}

function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
