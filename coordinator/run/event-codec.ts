// Events as the journal stores them: a type and a body in canonical JSON. What is read back is checked field by field,
// because a journal is a file on a disk and outlives the program that wrote it.

import { z } from 'zod'
import { canonicalJson } from '../../shared/canonical-json.ts'
import { digestSchema } from '../../shared/digest-schema.ts'
import { type ErrorCode, isErrorCode } from '../../shared/protocol/errors.ts'
import { maxLinkTokens, maxMetrics, maxPeerTextLength, maxStudyFileBytes } from '../../shared/protocol/limits.ts'
import { isMetricName, type MetricName } from '../../shared/study/metrics.ts'
import { siteIdPattern } from '../../shared/study/names.ts'
import { decodeJournalEvent } from '../journal-event.ts'
import type { RunEvent } from './run.ts'

const code = z.custom<ErrorCode>((value) => typeof value === 'string' && isErrorCode(value), 'not an error code')
const metricName = z.custom<MetricName>((value) => typeof value === 'string' && isMetricName(value), 'not a metric')
const site = z.string().regex(siteIdPattern)
const reason = z.string().max(maxPeerTextLength)
const count = z.int().nonnegative()
const study = { studyDigest: digestSchema }
const inRound = { ...study, stage: count, round: count }
const inSiteRound = { ...inRound, site }
const metric = z.strictObject({ name: metricName, sum: z.number(), count: z.number(), children: count })

const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('study-proposed'), ...study, text: z.string().max(maxStudyFileBytes) }),
  z.strictObject({ type: z.literal('run-started'), ...study, initialWeights: digestSchema }),
  z.strictObject({
    type: z.literal('round-opened'),
    ...inRound,
    baseDigest: digestSchema,
    deadlineMs: count,
    sites: z.array(site).min(1).max(1000),
    purpose: z.enum(['evaluation', 'pass']).optional(),
  }),
  z.strictObject({
    type: z.literal('update-counted'),
    ...inSiteRound,
    updateDigest: digestSchema,
    byteLength: count,
    children: count,
    norm: z.number().nonnegative(),
    metrics: z.array(metric).max(maxMetrics),
  }),
  z.strictObject({
    type: z.literal('evaluation-reported'),
    ...inSiteRound,
    metrics: z.array(metric).max(maxMetrics),
  }),
  z.strictObject({ type: z.literal('update-refused'), ...inSiteRound, code, reason }),
  z.strictObject({ type: z.literal('site-declined'), ...inSiteRound, code, reason }),
  z.strictObject({ type: z.literal('update-late'), ...inSiteRound, updateDigest: digestSchema }),
  z.strictObject({ type: z.literal('quorum-missed'), ...inRound, counted: count }),
  z.strictObject({
    type: z.literal('round-sealed'),
    ...inRound,
    reason: z.enum(['all-settled', 'deadline', 'quorum-reached']),
    counted: z.array(site),
  }),
  z.strictObject({
    type: z.literal('weights-published'),
    ...inRound,
    weightsDigest: digestSchema,
    clipped: z.array(z.tuple([site, z.number()])),
    moments: z.strictObject({ first: digestSchema, second: digestSchema }).optional(),
    pooled: z.strictObject({ digest: digestSchema, byteLength: count }).optional(),
  }),
  z.strictObject({
    type: z.literal('stage-stopped'),
    ...inRound,
    metric: metricName,
    best: z.strictObject({ round: z.int().min(-1), value: z.number() }),
  }),
  z.strictObject({
    type: z.literal('weights-chosen'),
    ...inRound,
    weightsDigest: digestSchema,
    choice: z
      .strictObject({ round: count, metric: metricName, value: z.number(), count: z.number(), among: count })
      .optional(),
  }),
  z.strictObject({
    type: z.literal('link-list-recorded'),
    ...{ ...study, site, tokensDigest: digestSchema, tokens: z.int().min(1).max(maxLinkTokens) },
    keyFingerprint: z.string().regex(/^[0-9a-f]{20}$/),
    shared: z.array(z.tuple([site, count.nullable()])).max(1000),
  }),
  z.strictObject({ type: z.literal('site-unchecked'), ...study, site, reason: z.enum(['no-key', 'no-identifiers']) }),
  z.strictObject({ type: z.literal('run-finished'), ...study, weightsDigest: digestSchema }),
  z.strictObject({ type: z.literal('run-paused'), ...study }),
  z.strictObject({ type: z.literal('run-resumed'), ...study, deadlineMs: count }),
  z.strictObject({ type: z.literal('run-cancelled'), ...study, reason }),
])

/** Types of the events that this codec reads. */
export const runEventTypes: ReadonlySet<string> = new Set(eventSchema.options.map((option) => option.shape.type.value))

/** The event without its type, as canonical JSON. */
export function encodeRunEvent(event: RunEvent): string {
  const { type: _, ...fields } = event
  return canonicalJson(fields)
}

/**
 * An event as it was recorded.
 * @throws SequelaError `store_corrupt` when the type is unknown or the body is not what such an event holds.
 */
export function decodeRunEvent(type: string, body: string): RunEvent {
  return decodeJournalEvent(eventSchema, type, body)
}
