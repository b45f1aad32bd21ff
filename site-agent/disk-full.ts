// What the operating system says when there is no room left, as a refusal that is tried again.

import { SequelaError } from '../shared/protocol/errors.ts'
import { systemCode } from '../shared/system-code.ts'

/** Whether an error of the operating system says that a disk is full or a quota is used up. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(error))
}

/** `disk_full` for an error that says so, any other as it is. @param file what was to be written, where that is known. */
export function orDiskFull(error: unknown, file?: string): unknown {
  if (!isDiskFull(error)) return error
  const what = file === undefined ? '' : ` for ${file}`
  return new SequelaError('disk_full', `there is no room left on the disk${what}; make room`, { cause: error })
}
