// What an operator on the coordinator's own machine can ask of a coordinator that serves.
// The same shapes are checked on both ends of the admin socket.

import { z } from 'zod'

const studyDigest = z.string().regex(/^[0-9a-f]{64}$/, 'is not a study digest (64 hexadecimal digits)')

export const adminRequestSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('invite'), site: z.string() }),
  z.strictObject({ type: z.literal('propose'), text: z.string() }),
  z.strictObject({ type: z.literal('start'), studyDigest }),
  z.strictObject({ type: z.literal('pause'), studyDigest }),
  z.strictObject({ type: z.literal('resume'), studyDigest }),
  z.strictObject({ type: z.literal('cancel'), studyDigest, reason: z.string().min(1).max(500) }),
  z.strictObject({ type: z.literal('status') }),
])

export type AdminRequest = z.infer<typeof adminRequestSchema>

/** A refusal carries the code and sentence of the error it stands for. */
export const adminReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown().optional() }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
])

export type AdminReply = z.infer<typeof adminReplySchema>

/** A request is a study file and little else. */
export const maxAdminRequestBytes = 256 * 1024
