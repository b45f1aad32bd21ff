// Running the programs as a person would: each in a process of its own, from the command line.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import nodeFlags from '../shared/node-flags.json' with { type: 'json' }
import { SequelaError } from '../shared/protocol/errors.ts'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)

/** The two programs. */
export const programs = {
  coordinator: join(root, 'coordinator', 'main.ts'),
  site: join(root, 'site-agent', 'main.ts'),
} as const

/** Runs a command to its end and gives what it printed. @throws SequelaError `internal` with its last words. */
export async function runCommand(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(process.execPath, [...nodeFlags, program, ...args], { maxBuffer: 64 * 1024 * 1024 })
    return stdout
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new SequelaError(
      'internal',
      `${args.slice(-4).join(' ')} failed: ${stderr.split('\n').slice(-4).join(' ')}`,
      { cause: error },
    )
  }
}

/** A program that runs until it is stopped. */
export interface Service {
  readonly name: string
  readonly pid: number
  /** Resolves with what went wrong when the service ends before it was asked to. */
  readonly failed: Promise<string>
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>
}

/** Starts a program; what it prints goes to `logFile`. Resolves once a line of its output begins with `readyWord`. */
export async function startService(options: {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly logFile: string
  readonly readyWord?: string
}): Promise<Service> {
  const { name, program, args, logFile, readyWord } = options
  const log = createWriteStream(logFile, { flags: 'a' })
  const child = spawn(process.execPath, [...nodeFlags, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  let stopping = false
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      log.end(() => resolve(`${name} ended (${signal ?? `status ${code}`}): ${lastLines(logFile)}`))
    })
  })
  const failed = new Promise<string>((resolve) => {
    void ended.then((how) => {
      if (!stopping) resolve(how)
    })
  })
  if (readyWord !== undefined) await ready(child, readyWord, failed)
  return {
    name,
    pid: child.pid ?? 0,
    failed,
    stop: async () => {
      stopping = true
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}

async function ready(child: ChildProcess, word: string, failed: Promise<string>): Promise<void> {
  const seen = new Promise<undefined>((resolve) => {
    child.stdout?.on('data', (data: Buffer) => {
      if (data.toString().startsWith(word)) resolve(undefined)
    })
  })
  const failure = await Promise.race([seen, failed])
  if (failure !== undefined) throw new SequelaError('internal', failure)
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' | ')
}
