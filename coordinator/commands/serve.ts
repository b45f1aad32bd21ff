// `coordinator serve`: runs until a signal comes or a fault of the store ends it.

import { rm } from 'node:fs/promises'
import { stopSignal } from '../../shared/command-line.ts'
import { createLog, type LogLevel } from '../../shared/log.ts'
import { startCoordinator } from '../coordinator.ts'
import { type CoordinatorHome, readSettings } from '../home.ts'
import { writeWhole } from './whole-file.ts'

/** Transfers may go on for this long after a signal; then they are parked and resume after the restart. */
const graceMs = 20_000

/** @throws SequelaError as startCoordinator does, and nothing is left running. */
export async function serve(home: CoordinatorHome, options: { readonly logLevel: LogLevel }): Promise<void> {
  const settings = await readSettings(home)
  const log = createLog('coordinator', options.logLevel)
  const stop = stopSignal()
  const coordinator = await startCoordinator({ home, settings, log, onFatal: endAtOnce })
  try {
    const { federationAddress, enrolmentAddress } = coordinator
    await writeWhole(home.servingFile, JSON.stringify({ pid: process.pid, federationAddress, enrolmentAddress }))
    process.stdout.write(`serving ${federationAddress}, enrolment ${enrolmentAddress}\n`)
    await new Promise<void>((resolve) => {
      if (stop.aborted) resolve()
      stop.addEventListener('abort', () => resolve(), { once: true })
    })
    log.info('stopping')
  } finally {
    await coordinator.close(graceMs)
    await rm(home.servingFile, { force: true })
  }
  log.info('stopped')
}

/** The journal is safe and everything else is a copy of it: ending at once is the safest thing to do. */
function endAtOnce(error: unknown): void {
  process.stderr.write(
    `the coordinator ends: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exit(70)
}
