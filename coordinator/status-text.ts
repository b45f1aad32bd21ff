// The status document as a person reads it in a terminal.

import { evaluationPasses } from '../shared/evaluation/passes.ts'
import { progressText } from '../shared/progress-text.ts'
import type { MetricSum } from '../shared/study/metrics.ts'
import { linkageLines } from './linkage/linkage-status.ts'
import type { CoordinatorStatus, RoundStatus, RunStatus, SiteStatus } from './status.ts'
import { unmeasuredText } from './unmeasured-text.ts'

/** Lines of plain text; `showRounds` is how many of the last rounds of each run are shown site by site. */
export function statusText(status: CoordinatorStatus, showRounds = 3): string {
  const lines = [
    `coordinator of ${status.domain} (${status.programVersion}) at ${instant(status.atMs)}`,
    `  federation ${status.federationAddress}   enrolment ${status.enrolmentAddress}`,
    `  root ${status.rootFingerprint}`,
    ...(status.certificateWarning === undefined ? [] : [`  WARNING: ${status.certificateWarning}`]),
    `  journal ${status.journal.size} entries, head ${status.journal.rootHash.slice(0, 16)}`,
    '',
    status.sites.length === 0 ? 'no site has been invited yet: coordinator invite SITE' : 'sites',
    ...status.sites.map((site) => `  ${siteLine(site, status.atMs)}`),
    ...status.runs.filter(isOngoing).flatMap((run) => uninvitedLines(status, run)),
    '',
    status.runs.length === 0 ? 'no study yet: coordinator study start FILE' : 'studies',
    ...status.runs.flatMap((run) => runLines(run, showRounds)),
  ]
  return lines.join('\n')
}

/** Sites of a study that have no code yet and so cannot take part, a line each with what to do. */
export function uninvitedLines({ sites }: Pick<CoordinatorStatus, 'sites'>, run: RunStatus): string[] {
  const invited = new Set(sites.map(({ site }) => site))
  return run.sites
    .filter((site) => !invited.has(site))
    .map((site) => `  ${site.padEnd(20)} not invited, and listed by study ${run.study}: coordinator invite ${site}`)
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
  const work = site.work === undefined ? '' : `, ${progressText(site.work.activity, site.work.done, site.work.total)}`
  return `${site.site.padEnd(20)} ${connection}${work}; ${certificate}`
}

function isOngoing({ phase }: RunStatus): boolean {
  return phase !== 'finished' && phase !== 'cancelled'
}

function runLines(run: RunStatus, showRounds: number): string[] {
  const reason = run.reason === undefined ? '' : ` (${run.reason})`
  return [
    `  ${run.study}  ${run.phase}${reason}, ${doneText(run)}   ${run.studyDigest}`,
    ...(run.from === undefined ? [] : [`    judges the weights of study ${run.from.study}`]),
    ...(run.linkage === undefined ? [] : linkageLines(run.linkage).map((line) => `    ${line}`)),
    ...run.rounds.slice(Math.max(0, run.rounds.length - showRounds)).flatMap((round) => roundLines(round, run.quorum)),
    ...(run.heldBack === undefined ? [] : [heldBackLine(run.heldBack)]),
    ...run.stopped.map(stopLine),
    ...(run.unmeasured ?? []).map((one) => `    stage ${one.stage + 1}: ${unmeasuredText(one)}`),
    ...(run.weightsDigest === undefined ? [] : [`    final weights ${run.weightsDigest}`]),
  ]
}

/** How far the training is, or in a study that trains nothing the evaluation. */
function doneText(run: RunStatus): string {
  const published = (wanted: RoundStatus['purpose']): number =>
    run.rounds.filter(({ state, purpose }) => state === 'published' && purpose === wanted).length
  if (run.from !== undefined) return `${published('pass')} of ${evaluationPasses.length} passes`
  const total = run.stages.reduce((sum, stage, index) => sum + roundsToTrain(run, stage.rounds, index), 0)
  return `${published('training')} of ${total} rounds`
}

function heldBackLine({ code, reason }: NonNullable<RunStatus['heldBack']>): string {
  return `    held back: its round cannot be averaged (${code}: ${reason}); tried again when the coordinator starts, or cancel it`
}

/** A stage that stopped early has no more rounds than it had. */
function roundsToTrain(run: RunStatus, rounds: number, stage: number): number {
  const stop = run.stopped.find((one) => one.stage === stage)
  return stop === undefined ? rounds : stop.round + 1
}

function stopLine({ stage, round, metric, best }: RunStatus['stopped'][number]): string {
  const where = best.round < 0 ? 'what the stage began with' : `the weights after round ${best.round + 1}`
  return `    stage ${stage + 1} stopped early after round ${round + 1}: best ${metric} ${best.value.toFixed(3)}, of ${where}`
}

/** What the closing round of a stage came to. */
export function choiceText(choice: NonNullable<RoundStatus['choice']>): string {
  const { metric, value, count, among, round } = choice
  return `chose the weights after round ${round + 1}, best of ${among} by ${metric} (${value.toFixed(3)} over ${count})`
}

function roundLines(round: RoundStatus, quorum: number): string[] {
  const counted = round.sites.filter(contributed).length
  const waiting = round.state === 'short' ? `; waits: ${counted} count and the quorum is ${quorum}` : ''
  const deadline = round.deadlineMs === undefined ? '' : `, deadline ${instant(round.deadlineMs)}`
  const others = round.sites.filter((site) => !contributed(site))
  return [
    `    stage ${round.stage + 1} ${round.task}, ${roundText(round)}: ${round.state}, ` +
      `${counted} of ${round.sites.length} sites count${waiting}${round.state === 'published' ? '' : deadline}`,
    ...others.map(
      (site) =>
        `      ${site.site}: ${site.outcome}${site.code === undefined ? '' : ` ${site.code}`}${site.reason === undefined ? '' : `, ${site.reason}`}`,
    ),
    ...(round.choice === undefined ? [] : [`      ${choiceText(round.choice)}`]),
    ...(round.metrics.length === 0 ? [] : [`      ${round.metrics.map(metricText).join(', ')}`]),
  ]
}

function contributed({ outcome }: RoundStatus['sites'][number]): boolean {
  return outcome === 'counted' || outcome === 'evaluated'
}

function roundText({ purpose, round }: RoundStatus): string {
  if (purpose === 'pass') return `pass ${round + 1} of the evaluation`
  return purpose === 'evaluation' ? 'closing evaluation' : `round ${round + 1}`
}

function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
