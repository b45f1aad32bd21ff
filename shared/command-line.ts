// How both programs end: a refusal is one line, `code: sentence`, and an exit status; a bug keeps its stack.

import { SequelaError } from './protocol/errors.ts'

/** Exit status of a command that was called wrongly; every other refusal is 1. */
const usageStatus = 2

/** Runs a command line to its end and sets the exit status. Nothing is printed when all is well. */
export async function runCommandLine(command: () => Promise<unknown>): Promise<void> {
  try {
    await command()
  } catch (error) {
    if (isCommanderExit(error)) {
      process.exitCode = error.exitCode === 0 ? 0 : usageStatus
      return
    }
    if (!(error instanceof SequelaError)) throw error
    process.stderr.write(`${error.code}: ${error.message}\n`)
    process.exitCode = error.code === 'usage' ? usageStatus : 1
  }
}

/** A signal that aborts at SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130)
      controller.abort(new SequelaError('cancelled', `stopped by ${name}`))
    })
  }
  return controller.signal
}

function isCommanderExit(error: unknown): error is { readonly exitCode: number } {
  return error instanceof Error && error.name === 'CommanderError' && 'exitCode' in error
}
