// What it means for the person at the keyboard when a synthetic file cannot be written.

import { SequelaError } from '../../shared/protocol/errors.ts'

/** The system's name for what went wrong (ENOSPC, EACCES), where it has one. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** A refusal as it is; an error of the file system as `disk_full` or `file_unreadable`; a bug as it is. */
export function asRefusal(error: unknown): unknown {
  const errno = errnoOf(error)
  if (error instanceof SequelaError || !(error instanceof Error) || errno === undefined) return error
  return writeFailure(errno, error.message)
}

/** The refusal for an error of the file system. */
export function writeFailure(errno: string, message: string): SequelaError {
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new SequelaError('disk_full', 'The disk is full: make room or choose another folder for the hospitals.')
  }
  return new SequelaError(
    'file_unreadable',
    `The synthetic hospitals cannot be written: ${message}. Choose another folder.`,
  )
}
