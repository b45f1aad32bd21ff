// Refusals as gRPC statuses: one table, and a message that is safe in a header. The code itself travels in metadata.

import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import type { ErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import { errorCodeKey, maxPeerTextLength } from '../../shared/protocol/limits.ts'

const statuses: Partial<Record<ErrorCode, status>> = {
  unauthenticated: status.UNAUTHENTICATED,
  certificate_expired: status.UNAUTHENTICATED,
  invitation_invalid: status.PERMISSION_DENIED,
  forbidden: status.PERMISSION_DENIED,
  not_invited: status.PERMISSION_DENIED,
  too_few_children: status.FAILED_PRECONDITION,
  study_unknown: status.NOT_FOUND,
  round_unknown: status.NOT_FOUND,
  round_closed: status.FAILED_PRECONDITION,
  study_state: status.FAILED_PRECONDITION,
  base_mismatch: status.FAILED_PRECONDITION,
  version_incompatible: status.FAILED_PRECONDITION,
  duplicate_update: status.ALREADY_EXISTS,
  offset_mismatch: status.OUT_OF_RANGE,
  too_busy: status.RESOURCE_EXHAUSTED,
  disk_full: status.RESOURCE_EXHAUSTED,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  unreachable: status.UNAVAILABLE,
  cancelled: status.CANCELLED,
  store_corrupt: status.DATA_LOSS,
  internal: status.INTERNAL,
}

/** The status of a refusal; what is not in the table is an invalid argument. */
export function serviceError(refusal: SequelaError): ServiceError {
  const metadata = new Metadata()
  metadata.set(errorCodeKey, refusal.code)
  const details = headerText(refusal.message)
  return Object.assign(new Error(details), {
    code: statuses[refusal.code] ?? status.INVALID_ARGUMENT,
    details,
    metadata,
  })
}

/** grpc-js dies of a lone surrogate in a status message, and headers have a size limit. */
function headerText(message: string): string {
  return [...message.toWellFormed()].slice(0, maxPeerTextLength).join('')
}
