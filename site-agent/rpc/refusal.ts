// Failed calls as refusals: the coordinator's own code where it sent one, else what the transport says.

import { type ServiceError, status } from '@grpc/grpc-js'
import { isErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import { errorCodeKey } from '../../shared/protocol/limits.ts'
import { peerText } from '../../shared/protocol/wire.ts'

/** @param signal the caller's; when it has aborted, the call was called off by ourselves. */
export function refusalOf(error: ServiceError, signal?: AbortSignal): SequelaError {
  if (signal?.aborted) return new SequelaError('cancelled', 'the call was called off', { cause: error })
  const [code] = error.metadata?.get(errorCodeKey) ?? []
  if (typeof code === 'string' && isErrorCode(code)) return new SequelaError(code, peerText(error.details))
  switch (error.code) {
    case status.DEADLINE_EXCEEDED:
      return new SequelaError('deadline_exceeded', 'the coordinator did not answer in time', { cause: error })
    case status.UNIMPLEMENTED:
      return new SequelaError('version_incompatible', 'the coordinator does not know this call; compare versions', {
        cause: error,
      })
    case status.RESOURCE_EXHAUSTED:
      return new SequelaError('too_busy', 'the coordinator has too much to do; try again', { cause: error })
    default:
      return new SequelaError('unreachable', `the coordinator cannot be reached: ${peerText(error.details ?? '')}`, {
        cause: error,
      })
  }
}

/** Any failure of a call as a refusal. */
export function callFailure(error: unknown, signal?: AbortSignal): unknown {
  return isServiceError(error) ? refusalOf(error, signal) : error
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error
}
