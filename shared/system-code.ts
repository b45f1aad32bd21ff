// The operating system's name for what went wrong with a file or a connection.

/** `ENOENT`, `EACCES`, `ENOSPC` and so on; `otherwise` for an error without one. */
export function systemCode(error: unknown, otherwise = 'unknown'): string {
  return error instanceof Error && 'code' in error ? String(error.code) : otherwise
}

/** Whether the system says that a disk is full, or that this user's quota is used up. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(error))
}
