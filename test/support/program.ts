// A program of a journey, in a process of its own, that can be killed as a power cut would kill it.

import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import nodeFlags from '../../shared/node-flags.json' with { type: 'json' }
import { eventually, inTime } from './eventually.ts'

export interface Program {
  readonly pid: number
  /** Everything it has printed so far, log and all. */
  output(): string
  /** Resolves with the signal that ended it, or its exit status. */
  readonly ended: Promise<NodeJS.Signals | number>
  /** Sends the signal and waits until the process is gone. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** Starts an entry file of this folder as the programs' launcher would; resolves once a line of its output begins with `readyWord`. */
export async function startProgram(options: {
  readonly entry: string
  readonly args: readonly string[]
  readonly logFile: string
  readonly readyWord: string
}): Promise<Program> {
  const { entry, args, logFile, readyWord } = options
  const child = spawn(process.execPath, [...nodeFlags, join(import.meta.dirname, entry), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (data: Buffer): void => {
    output += data.toString()
    appendFileSync(logFile, data)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const how: { ended?: NodeJS.Signals | number } = {}
  const ended = new Promise<NodeJS.Signals | number>((resolve) => {
    child.once('exit', (code, signal) => {
      how.ended = signal ?? code ?? 0
      resolve(how.ended)
    })
  })
  const program: Program = {
    pid: child.pid ?? 0,
    output: () => output,
    ended,
    end: async (signal = 'SIGKILL') => {
      if (how.ended === undefined) child.kill(signal)
      await inTime(`the end of ${entry}`, ended)
    },
  }
  try {
    await eventually(`${entry} to be ready`, () => {
      if (how.ended !== undefined) throw new Error(`${entry} ended (${how.ended}):\n${lastWords(logFile)}`)
      return output.split('\n').some((line) => line.startsWith(readyWord))
    })
  } catch (error) {
    await program.end()
    throw error
  }
  return program
}

function lastWords(logFile: string): string {
  return readFileSync(logFile, 'utf8').split('\n').slice(-12).join('\n')
}
