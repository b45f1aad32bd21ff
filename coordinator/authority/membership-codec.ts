// The membership's events as the journal stores them, and the membership as a machine that the journal drives. What is
// read back is checked field by field, because a journal outlives the program that wrote it.

import { z } from 'zod'
import { canonicalJson } from '../../shared/canonical-json.ts'
import { digestSchema } from '../../shared/digest-schema.ts'
import { siteIdPattern } from '../../shared/study/names.ts'
import { decodeJournalEvent } from '../journal-event.ts'
import type { Machine } from '../journaled-machines.ts'
import { emptyMembership, evolveMembership, type Membership, type MembershipEvent } from './membership.ts'
import { decideMembership, type MembershipCommand } from './membership-decisions.ts'

/** A chain is two certificates of some 2 KB. */
const maxChainLength = 32 * 1024

const site = z.string().regex(siteIdPattern)
const serial = z.string().regex(/^[0-9a-f]{2,40}$/)
const instantMs = z.int().nonnegative()
const certificate = {
  site,
  serial,
  csrDigest: digestSchema,
  chainPem: z.string().max(maxChainLength),
  notBeforeMs: instantMs,
  notAfterMs: instantMs,
}

const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('site-invited'), site, codeHash: digestSchema, expiresAtMs: instantMs }),
  z.strictObject({ type: z.literal('certificate-issued'), codeHash: digestSchema, ...certificate }),
  z.strictObject({ type: z.literal('certificate-renewed'), renewedFrom: serial, ...certificate }),
  z.strictObject({ type: z.literal('invitation-misused'), codeHash: digestSchema, csrDigest: digestSchema }),
])

/** For createCommandLoop, beside the runs. */
export const membershipMachine: Machine<Membership, MembershipCommand, MembershipEvent> = {
  initial: emptyMembership,
  eventTypes: new Set(eventSchema.options.map((option) => option.shape.type.value)),
  decide: decideMembership,
  evolve: evolveMembership,
  encode: ({ type: _, ...fields }) => canonicalJson(fields),
  decode: (type, body) => decodeJournalEvent(eventSchema, type, body),
}
