// Which failures pass by themselves, and which end the matter.

import { type ErrorCode, SequelaError } from '../shared/protocol/errors.ts'

/** Refusals after which the same update may be offered again, or what the machine lacks may be there again. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'unreachable',
  'too_busy',
  'disk_full',
  'store_locked',
  'deadline_exceeded',
  'offset_mismatch',
  'unauthenticated',
  'certificate_expired',
  'internal',
])

/** An error that did not come as a refusal is a fault of this program and is not tried again. */
export function isRetryable(error: unknown): boolean {
  return error instanceof SequelaError && passing.has(error.code)
}

/** The coordinator has lost something that it stored. No reason to forget an update, which may count once that is restored. */
export function isLossOfCoordinator(error: unknown): boolean {
  return error instanceof SequelaError && error.code === 'store_corrupt'
}
