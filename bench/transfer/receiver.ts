// The programs at the other end of a transfer, each in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import nodeFlags from '../../shared/node-flags.json' with { type: 'json' }

export interface Receiver {
  readonly pid: number
  /** The first line that it printed: it listens. */
  readonly greeting: string
  /** Ends it and waits until it is gone. */
  close(): Promise<void>
}

/** Starts a program of this folder with temporary files in `folder`. */
export async function startReceiver(script: string, args: readonly string[], folder?: string): Promise<Receiver> {
  const child = spawn(process.execPath, [...nodeFlags, fileURLToPath(new URL(script, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...(folder !== undefined && { TMPDIR: folder }) },
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const greeting = await Promise.race([firstLine(child), ended.then(() => undefined)])
  if (greeting === undefined) throw new Error(`${script} ended before it listened`)
  return {
    pid: child.pid ?? 0,
    greeting,
    close: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the output is not read')
  return new Promise((resolve) => createInterface(stdout).once('line', resolve))
}

/** Port to send to: the receiver's own, or that of a line before it. */
export async function throughLine(
  port: number,
  delayMs: number,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  if (delayMs === 0) return { port, close: async () => {} }
  const line = await startReceiver('./relay.ts', [String(port), String(delayMs)])
  return { port: Number(line.greeting), close: () => line.close() }
}
