// The name of an assignment on the wire: study, stage and round. The site is not in it; the certificate says who asks.

import { type Digest, parseDigest } from '../digest.ts'
import { SequelaError } from './errors.ts'

export interface AssignmentKey {
  readonly studyDigest: Digest
  /** Stage within the study and round within the stage, both from 0. */
  readonly stage: number
  readonly round: number
}

export function formatAssignmentId(key: AssignmentKey): string {
  return `${key.studyDigest}/${key.stage}/${key.round}`
}

/** @throws SequelaError `message_malformed`. */
export function parseAssignmentId(text: string): AssignmentKey {
  const match = /^([0-9a-f]{64})\/(\d{1,3})\/(\d{1,5})$/.exec(text)
  if (match === null) throw new SequelaError('message_malformed', `"${text.slice(0, 100)}" is not an assignment's id`)
  return { studyDigest: parseDigest(match[1] ?? ''), stage: Number(match[2]), round: Number(match[3]) }
}
