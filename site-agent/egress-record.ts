// The record of what left a hospital: one line of JSON for each thing, written by egress.ts before it leaves. Lines are only
// ever added, and old kinds stay readable.

import { z } from 'zod'
import { siteAnswerSchema } from '../shared/evaluation/site-answer.ts'
import { readRecordLines } from './record-lines.ts'

/** When, and for which round of which study. */
const ofStudy = { at: z.string(), study: z.string() }
const place = { ...ofStudy, stage: z.number(), round: z.number() }

const sums = z.array(z.object({ name: z.string(), sum: z.number(), count: z.number(), children: z.number() }))

const recordSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('update-sealed'),
    ...place,
    baseDigest: z.string(),
    updateDigest: z.string(),
    bytes: z.number(),
    children: z.number(),
    norm: z.number(),
    /** Factor by which the difference was scaled down to the study's largest norm; 1 when it was not. */
    clippedBy: z.number(),
    parameters: z.array(z.object({ name: z.string(), shape: z.array(z.number()) })),
    metrics: sums,
    /** Metrics kept back because fewer children than the study's smallest group stand behind them. */
    withheld: z.array(z.string()),
    /** Parameters that stay here and left as nought; absent in records of studies that share all. */
    kept: z.array(z.string()).optional(),
  }),
  z.object({
    kind: z.literal('evaluation-sealed'),
    ...place,
    baseDigest: z.string(),
    metrics: sums,
    withheld: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('answer-sealed'),
    ...place,
    baseDigest: z.string(),
    updateDigest: z.string(),
    bytes: z.number(),
    /** Every number that leaves. */
    answer: siteAnswerSchema,
  }),
  z.object({
    kind: z.literal('update-delivered'),
    ...place,
    updateDigest: z.string(),
    bytesSent: z.number(),
    journalIndex: z.string(),
  }),
  /** Sending broke off; so many bytes had been handed to the network, and some of them may have arrived. */
  z.object({
    kind: z.literal('delivery-interrupted'),
    ...place,
    updateDigest: z.string(),
    bytesSent: z.number(),
  }),
  /** Keyed hashes of children's identifiers, random ones among them; the key by its fingerprint. */
  z.object({
    kind: z.literal('links-sealed'),
    ...ofStudy,
    tokens: z.int(),
    /** Of the list; the coordinator's journal has it too. */
    listDigest: z.string(),
    keyFingerprint: z.string(),
  }),
  /** That there are none to compare, and which of the fixed reasons. */
  z.object({ kind: z.literal('links-absent'), ...ofStudy, reason: z.enum(['no-key', 'no-identifiers']) }),
  z.object({
    kind: z.literal('declined'),
    ...place,
    code: z.string(),
    reason: z.string(),
  }),
])

/** One line of the record of what left, or was sealed to leave. Times are ISO 8601 in UTC. */
export type EgressRecord = z.infer<typeof recordSchema>

/** How many differences of weights were delivered, and how many answers of evaluations, which hold none. */
export function deliveriesIn(records: readonly EgressRecord[]): { readonly updates: number; readonly answers: number } {
  const answered = new Set(records.flatMap((record) => (record.kind === 'answer-sealed' ? [record.updateDigest] : [])))
  const delivered = records.filter((record) => record.kind === 'update-delivered')
  const answers = delivered.filter(({ updateDigest }) => answered.has(updateDigest)).length
  return { updates: delivered.length - answers, answers }
}

/** Bytes of updates that were handed to the network, those of interrupted attempts included. */
export function bytesSentIn(records: readonly EgressRecord[]): number {
  return records.reduce((sum, record) => sum + ('bytesSent' in record ? record.bytesSent : 0), 0)
}

/**
 * The record of a site, oldest first. A last line cut off by a power loss is left out.
 * @throws SequelaError `file_unreadable` when an earlier line is damaged.
 */
export function readEgress(file: string): Promise<readonly EgressRecord[]> {
  const whatToDo = 'restore it from a backup, or look at its lines by hand; what the agent adds is not affected'
  return readRecordLines(file, recordSchema, whatToDo)
}
