// Events and states of a transcript as lines that a person can compare. Times are minutes since its beginning.

import type { Digest } from '../../../shared/digest.ts'
import type { MetricSum } from '../../../shared/study/metrics.ts'
import { participation, type RoundParticipation, type SiteParticipation } from '../participation.ts'
import { assignmentsFor, nextDeadline } from '../queries.ts'
import { currentRound } from '../rounds.ts'
import type { Federation, RoundId, Run, RunEvent } from '../run.ts'
import type { Labels } from './labels.ts'

export function eventLine(event: RunEvent, labels: Labels): string {
  const round = 'stage' in event ? ` ${idText(event)}` : ''
  switch (event.type) {
    case 'study-proposed':
    case 'run-paused':
      return event.type
    case 'run-started':
      return `${event.type} from ${labels.label(event.initialWeights)}`
    case 'round-opened':
      return `${event.type}${round}${purposeText(event.purpose)} on ${labels.label(event.baseDigest)} for ${event.sites.join(' ')} until ${minutes(event.deadlineMs)}`
    case 'update-counted':
      return `${event.type}${round} ${event.site} ${labels.label(event.updateDigest)}, ${event.children} children, norm ${event.norm}`
    case 'update-refused':
    case 'site-declined':
      return `${event.type}${round} ${event.site} ${event.code}: ${plain(event.reason, labels)}`
    case 'evaluation-reported':
      return `${event.type}${round} ${event.site}: ${event.metrics.map(metricText).join(', ') || 'nothing'}`
    case 'stage-stopped': {
      const { metric, best } = event
      return `${event.type}${round}: best ${metric} ${best.value} after round ${best.round}`
    }
    case 'weights-chosen': {
      const { choice } = event
      const why =
        choice === undefined
          ? ''
          : `: ${choice.metric} ${choice.value} over ${choice.count} after round ${choice.round}, of ${choice.among}`
      return `${event.type}${round} ${labels.label(event.weightsDigest)}${why}`
    }
    case 'update-late':
      return `${event.type}${round} ${event.site} ${labels.label(event.updateDigest)}`
    case 'quorum-missed':
      return `${event.type}${round} with ${event.counted}`
    case 'round-sealed':
      return `${event.type}${round} (${event.reason}) counting ${event.counted.join(' ')}`
    case 'weights-published': {
      const clipped = event.clipped.map(([site, factor]) => ` ${site} scaled by ${factor}`).join('')
      const pooled = event.pooled === undefined ? '' : ` with ${labels.label(event.pooled.digest)}`
      return `${event.type}${round} ${labels.label(event.weightsDigest)}${clipped}${pooled}`
    }
    case 'link-list-recorded': {
      const shared = event.shared.map(([site, children]) => `${children ?? 'few'} with ${site}`).join(', ')
      return `${event.type} ${event.site} ${event.tokens} tokens ${labels.label(event.tokensDigest)}${shared === '' ? '' : `, ${shared}`}`
    }
    case 'site-unchecked':
      return `${event.type} ${event.site}: ${event.reason}`
    case 'run-finished':
      return `${event.type} with ${labels.label(event.weightsDigest)}`
    case 'run-resumed':
      return `${event.type}, deadline ${minutes(event.deadlineMs)}`
    case 'run-cancelled':
      return `${event.type}: ${event.reason}`
  }
}

function purposeText(purpose: 'evaluation' | 'pass' | undefined): string {
  return purpose === undefined ? '' : purpose === 'pass' ? ' as a pass' : ' to evaluate'
}

export function stateLine(run: Run, labels: Labels): string {
  const round = currentRound(run)
  const weights = run.phase === 'finished' ? ` with ${labels.label(run.weightsDigest)}` : ''
  if (round === undefined) return `${run.phase}${weights}`
  return `${run.phase} ${idText(round)} ${round.status}: ${roundText(participation(run).at(-1), labels)}`
}

export function assignmentLines(federation: Federation, sites: readonly string[], labels: Labels): string[] {
  return sites.map((site) => {
    const work = assignmentsFor(federation, site)
    const text = work.map(
      (each) =>
        `${idText(each)} on ${labels.label(each.baseDigest)}${each.pooled === undefined ? '' : ` with ${labels.label(each.pooled.digest)}`} until ${minutes(each.deadlineMs)}`,
    )
    return `${site} ${text.length === 0 ? 'has nothing to do' : `works on ${text.join(', ')}`}`
  })
}

export function participationLines(run: Run, labels: Labels): string[] {
  return participation(run).map((round) => `${idText(round)} ${round.status}: ${roundText(round, labels)}`)
}

export function deadlineLine(federation: Federation): string {
  const next = nextDeadline(federation)
  return next === undefined ? 'no deadline' : minutes(next)
}

/** Digests in a sentence as their labels. */
export function plain(text: string, labels: Labels): string {
  return text.replace(/[0-9a-f]{64}/g, (digest) => labels.label(digest as Digest))
}

function metricText({ name, sum, count }: MetricSum): string {
  return `${name} ${sum}/${count}`
}

function roundText(round: RoundParticipation | undefined, labels: Labels): string {
  return (round?.sites ?? []).map((site) => siteText(site, labels)).join(', ')
}

function siteText({ site, settlement, late, scaledBy }: SiteParticipation, labels: Labels): string {
  const detail =
    settlement.kind === 'counted'
      ? ` ${labels.label(settlement.updateDigest)}`
      : 'code' in settlement
        ? ` ${settlement.code}`
        : ''
  return `${site} ${settlement.kind}${detail}${late ? ' (late)' : ''}${scaledBy === 1 ? '' : ` × ${scaledBy}`}`
}

function idText({ stage, round }: RoundId): string {
  return `${stage}/${round}`
}

function minutes(ms: number): string {
  return `+${ms / 60_000}m`
}
