// How far a site is with an assignment, as coordinator and site both say it.

/** What is measured in bytes; the rest counts scans or steps. */
const transfers: ReadonlySet<string> = new Set(['downloading', 'uploading'])

/** For example `uploading 0.30 of 0.48 MB`, `training 3 of 20`. */
export function progressText(activity: string, done: number, total: number): string {
  if (transfers.has(activity)) return `${activity} ${(done / 1e6).toFixed(2)} of ${(total / 1e6).toFixed(2)} MB`
  return `${activity} ${done} of ${total}`
}
