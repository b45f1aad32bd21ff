// What the check for children in two hospitals came to, study by study: which children another hospital keeps. It names
// children, so it stays in the site's home; the cohort is read with it, and `site status` says it in words.

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { fingerprintInGroups, uncheckedReasons } from '../../shared/protocol/link-tokens.ts'
import { systemCode } from '../../shared/system-code.ts'
import { writeFileDurably } from '../durable-file.ts'

const outcomeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('compared'),
    /** ISO 8601 in UTC. */
    at: z.string(),
    name: z.string(),
    keyFingerprint: z.string(),
    /** Children whose identifier is known. */
    children: z.int(),
    /** `participant_id`s of children that another hospital has too, and keeps. */
    held: z.array(z.string()),
    /** Of those that another hospital has too, and this one keeps. */
    kept: z.array(z.string()),
    keysDiffer: z.boolean(),
  }),
  z.object({
    kind: z.literal('unchecked'),
    at: z.string(),
    name: z.string(),
    reason: z.enum(['no-key', 'no-identifiers']),
    /** As it was known before: a child does not come back because it cannot be looked for any more. */
    held: z.array(z.string()),
    kept: z.array(z.string()),
  }),
])

export type LinkageOutcome = z.infer<typeof outcomeSchema>

const recordSchema = z.record(z.string().regex(/^[0-9a-f]{64}$/), outcomeSchema)

/** By study digest. */
export type LinkageRecord = Readonly<Record<string, LinkageOutcome>>

/** @throws SequelaError `file_unreadable` when it is damaged: without it, children of another hospital would be used. */
export async function readLinkageRecord(file: string): Promise<LinkageRecord> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return '{}'
    throw new SequelaError('file_unreadable', `${file} cannot be read (${systemCode(cause)})`, { cause })
  })
  const record = recordSchema.safeParse(jsonOf(text))
  if (record.success) return record.data
  throw new SequelaError('file_unreadable', `${file} is damaged; delete it, and the agent asks again when it starts`)
}

/** Replaces what is known of a study. */
export async function recordLinkage(file: string, study: string, outcome: LinkageOutcome): Promise<void> {
  await writeFileDurably(file, JSON.stringify({ ...(await readLinkageRecord(file)), [study]: outcome }))
}

/** The same as numbers, for machines that watch the agent: children are counted and not named. */
export function linkageCounts(record: LinkageRecord): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(record).map(([study, outcome]) => [
      study,
      { ...outcome, held: outcome.held.length, kept: outcome.kept.length },
    ]),
  )
}

/** A line or two for each study, without a child's name. */
export function linkageInWords(record: LinkageRecord): string[] {
  return Object.values(record).flatMap((outcome) => {
    if (outcome.kind === 'unchecked') {
      const before = outcome.held.length === 0 ? '' : ` Held back from before: ${outcome.held.length}.`
      const why = `this one takes part, but ${uncheckedReasons[outcome.reason]}`
      return [`Study ${outcome.name}: not checked for children in two hospitals; ${why}.${before}`]
    }
    const { name, children, held, kept, keysDiffer, keyFingerprint } = outcome
    const counts = `${held.length} are held back here and ${kept.length} there`
    return [
      `Study ${name}: of ${children} children, another hospital has ${held.length + kept.length} too; ${counts}.`,
      ...(keysDiffer
        ? [
            `  Another hospital has another key. Compare fingerprints; this site's is ${fingerprintInGroups(keyFingerprint)}.`,
          ]
        : []),
    ]
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
