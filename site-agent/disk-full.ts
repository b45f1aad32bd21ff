// What the operating system says when there is no room left, as a refusal that is tried again.

import { SequelaError } from '../shared/protocol/errors.ts'
import { isDiskFull } from '../shared/system-code.ts'

/** `disk_full` for an error that says so, any other as it is. @param file what was to be written, where that is known. */
export function orDiskFull(error: unknown, file?: string): unknown {
  if (!isDiskFull(error)) return error
  const what = file === undefined ? '' : ` for ${file}`
  return new SequelaError('disk_full', `there is no room left on the disk${what}; make room`, { cause: error })
}
