// Scans and children that a person at the hospital took out by hand, and put back: a record that only grows, one line a
// decision, with who and when. It stays at the site; what is in force is what each was decided last.

import { z } from 'zod'
import { appendLineDurably } from '../durable-file.ts'
import { readRecordLines } from '../record-lines.ts'

const decisionSchema = z.object({
  /** ISO 8601 in UTC. */
  at: z.string(),
  /** Name of the operating system's user. */
  user: z.string(),
  action: z.enum(['exclude', 'include']),
  /** `participant_id`. */
  child: z.string(),
  /** `session_id`; absent when the whole child is meant. */
  visit: z.string().optional(),
  /** Why; of an exclusion. */
  reason: z.string().optional(),
})

export type ExclusionDecision = z.infer<typeof decisionSchema>

/** What is excluded now, by `childPlace`. */
export type Exclusions = ReadonlyMap<string, ExclusionDecision>

export const noExclusions: Exclusions = new Map()

/** A child, or one of its visits, as people write it: `sub-a` or `sub-a/ses-2`. */
export function placeText({ child, visit }: Pick<ExclusionDecision, 'child' | 'visit'>): string {
  return visit === undefined ? child : `${child}/${visit}`
}

/** What is in force after these decisions. */
export function exclusionsOf(decisions: readonly ExclusionDecision[]): Exclusions {
  const latest = new Map(decisions.map((decision) => [placeText(decision), decision]))
  return new Map([...latest].filter(([, { action }]) => action === 'exclude'))
}

/** In words for a report. */
export function exclusionSentence(decision: ExclusionDecision): string {
  const { at, user, reason } = decision
  return (
    `it was excluded by hand on ${at.slice(0, 10)} by ${user}: ${reason ?? 'no reason was given'}. ` +
    `To use it again: site include ${placeText(decision)}`
  )
}

/** Writes a decision down; on return it survives a power cut. @throws SequelaError `disk_full`, `file_unreadable`. */
export async function recordDecision(file: string, decision: ExclusionDecision): Promise<void> {
  await appendLineDurably(file, JSON.stringify(decision))
}

/** All decisions, oldest first; a last line cut off by a power loss is left out. @throws SequelaError `file_unreadable`. */
export function readDecisions(file: string): Promise<readonly ExclusionDecision[]> {
  return readRecordLines(file, decisionSchema, 'restore it from a backup')
}
