// Notices that a person approved another study while the agent runs, so that the coordinator hears of it at once.

import { watch } from 'node:fs'
import type { Log } from '../shared/log.ts'
import { systemCode } from '../shared/system-code.ts'

/**
 * Resolves at the next approval in `folder`, or when `signal` aborts. Never rejects: where the system cannot watch the folder,
 * as when it is gone or no more watches are to be had, an approval is told with the next call to the coordinator.
 */
export function approvalIn(folder: string, { signal, log }: { signal: AbortSignal; log: Log }): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    const notWatched = (error: unknown): void => log.warn('approvals-not-watched', { code: systemCode(error) })
    try {
      const watcher = watch(folder, { persistent: false, signal })
      watcher.on('change', (_, name) => {
        if (!String(name).endsWith('.yaml')) return
        watcher.close()
        resolve()
      })
      watcher.on('error', notWatched)
    } catch (error) {
      notWatched(error)
    }
  })
}
