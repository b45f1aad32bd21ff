// The system's names for what went wrong with a file, a connection or a database.

/** `ENOENT`, `EACCES`, `ENOSPC` and so on; `otherwise` for an error without one. */
export function systemCode(error: unknown, otherwise = 'unknown'): string {
  return error instanceof Error && 'code' in error ? String(error.code) : otherwise
}

/** Whether the system says that a disk is full, or that this user's quota is used up. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(error))
}

/** SQLITE_BUSY, whose further bits say on what it waited. */
const sqliteBusy = 5

/** Whether another connection holds the SQLite database. */
export function isDatabaseBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === sqliteBusy
  )
}
