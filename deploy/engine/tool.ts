// Runs a program that installing the engine needs, and says in words what to do when it is missing or fails.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { SequelaError } from '../../shared/protocol/errors.ts'

const run = promisify(execFile)

export interface ToolOptions {
  /** What to say when there is no such program. */
  readonly missing: string
  /** What to say when it fails, given what it wrote to standard error; the end of that follows. */
  readonly failed: (output: string) => string
  readonly env?: NodeJS.ProcessEnv
}

/** @throws SequelaError `engine_missing`. */
export async function runTool(
  command: string,
  args: readonly string[],
  { missing, failed, env = process.env }: ToolOptions,
): Promise<void> {
  try {
    await run(command, args, { maxBuffer: 16 * 1024 * 1024, env })
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    const end = output.split('\n').slice(-3).join(' ')
    const sentence = absent ? missing : `${failed(output)} ${end}`.trim()
    throw new SequelaError('engine_missing', `the training engine could not be installed: ${sentence}`, {
      cause: error,
    })
  }
}
