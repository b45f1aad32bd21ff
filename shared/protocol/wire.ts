// Between messages and domain values: what comes from a peer is checked here once, for form, range and finiteness.

import { type Digest, parseDigest } from '../digest.ts'
import type {
  BeginUpdateRequest,
  MetricSum as MetricSumMessage,
  ReportEvaluationRequest,
} from '../gen/sequela/v1/federation.ts'
import { isMetricName, type MetricSum } from '../study/metrics.ts'
import { type AssignmentKey, parseAssignmentId } from './assignment-id.ts'
import { SequelaError } from './errors.ts'
import { maxMetricSum, maxMetrics, maxPeerTextLength } from './limits.ts'

/** An announced update as its message says, checked for form only. */
export interface AnnouncedUpdate extends AssignmentKey {
  readonly baseDigest: Digest
  readonly updateDigest: Digest
  readonly byteLength: number
  readonly children: number
  readonly metrics: readonly MetricSum[]
}

/** @throws SequelaError `message_malformed`, `not_finite`. */
export function announcedUpdateOf(message: BeginUpdateRequest): AnnouncedUpdate {
  const key = parseAssignmentId(message.assignmentId)
  if (key.studyDigest !== message.studyDigest || key.stage !== message.stage || key.round !== message.round) {
    throw new SequelaError('message_malformed', 'the assignment id and the round that it should name differ')
  }
  if (!Number.isFinite(message.updateNorm) || message.updateNorm < 0) {
    throw new SequelaError('not_finite', 'the norm that was announced is not a finite number')
  }
  return {
    ...key,
    baseDigest: parseDigest(message.baseDigest),
    updateDigest: parseDigest(message.updateDigest),
    byteLength: byteCount(message.byteLength),
    children: message.children,
    metrics: metricsOf(message.metrics),
  }
}

/** How weights do at a site, as its message says, checked for form only. */
export interface ReportedEvaluation extends AssignmentKey {
  readonly baseDigest: Digest
  readonly metrics: readonly MetricSum[]
}

/** @throws SequelaError `message_malformed`, `not_finite`. */
export function evaluationOf(message: ReportEvaluationRequest): ReportedEvaluation {
  const { assignmentId, baseDigest, metrics } = message
  return { ...parseAssignmentId(assignmentId), baseDigest: parseDigest(baseDigest), metrics: metricsOf(metrics) }
}

/** @throws SequelaError `message_malformed` for a number beyond 2⁵³. */
export function byteCount(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new SequelaError('message_malformed', `${value} bytes are too many`)
  return Number(value)
}

/** A text that a peer chose, fit to be stored and shown: well formed, without control characters, cut to its limit. */
export function peerText(text: string): string {
  const printable = [...text.toWellFormed()].filter((letter) => letter >= ' ' && letter !== '\u007f')
  return printable.slice(0, maxPeerTextLength).join('')
}

function metricsOf(messages: readonly MetricSumMessage[]): readonly MetricSum[] {
  if (messages.length > maxMetrics) throw new SequelaError('message_malformed', `more than ${maxMetrics} metrics`)
  const seen = new Set<string>()
  return messages.map(({ name, sum, count, children }) => {
    if (!isMetricName(name)) throw new SequelaError('message_malformed', `there is no metric "${peerText(name)}"`)
    if (seen.has(name)) throw new SequelaError('message_malformed', `metric ${name} is given twice`)
    seen.add(name)
    if (!Number.isFinite(sum) || !Number.isFinite(count)) {
      throw new SequelaError('not_finite', `metric ${name} is not a finite number`)
    }
    if (Math.abs(sum) > maxMetricSum) {
      throw new SequelaError('not_finite', `metric ${name} has a sum beyond ${maxMetricSum}`)
    }
    // Whatever a metric counts, it counts in ones; a fraction could make of any sum a mean that is no number.
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new SequelaError('message_malformed', `metric ${name} has the count ${count}, which is no whole number`)
    }
    return { name, sum, count, children }
  })
}
