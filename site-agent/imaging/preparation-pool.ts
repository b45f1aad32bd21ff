// Preparation processes, a few at once, each started when it is first needed and again after it died. A scan on which a
// process dies is held back; the next scan gets a fresh one.

import { type ChildProcess, fork } from 'node:child_process'
import { isErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import type { PreparationRequest, PreparationResult } from './preparation.ts'
import type { PreparationReply } from './preparation-messages.ts'
import type { RecipeOptions } from './recipe.ts'

export interface PreparationPool {
  /** @throws SequelaError `scan_unreadable`, `scan_unsuitable`; `cancelled` when closed. */
  prepare(request: PreparationRequest): Promise<PreparationResult>
  /** Ends all processes; what they were at is called off. */
  close(): Promise<void>
}

export interface PreparationPoolOptions {
  readonly recipe: RecipeOptions
  /** Processes at once; each holds up to about 0.5 GB, with a brain mask by network up to 1.5 GB. */
  readonly processes: number
  /** The program of a process; a parameter so that a crash can be tested. */
  readonly program?: URL
}

/** A process that has had nothing to do for so long gives its memory back. */
const idleMs = 20_000

/** Longest time for one scan: a dozen coarse starts on a loaded machine take a minute. */
const longestMs = 10 * 60_000
/** The same where a network finds the brain: four minutes on a machine that does much else. */
const longestWithNetworkMs = 40 * 60_000

export function createPreparationPool(options: PreparationPoolOptions): PreparationPool {
  const program = options.program ?? new URL('./preparation-worker.ts', import.meta.url)
  const longest = options.recipe.brainNetwork === undefined ? longestMs : longestWithNetworkMs
  const idle: ChildProcess[] = []
  const alive = new Set<ChildProcess>()
  const ends = new Map<ChildProcess, NodeJS.Timeout>()
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false

  const start = (): ChildProcess => {
    const started = fork(program, [JSON.stringify(options.recipe)], {
      serialization: 'advanced',
      // elastix prints its progress to standard output; what the system says of a crash is for whoever started the agent.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    alive.add(started)
    started.once('exit', () => {
      alive.delete(started)
      clearTimeout(ends.get(started))
      ends.delete(started)
      const at = idle.indexOf(started)
      if (at >= 0) idle.splice(at, 1)
    })
    return started
  }

  /** An idle process does not keep this one alive, and ends after a while. */
  const rest = (worker: ChildProcess): void => {
    worker.unref()
    worker.channel?.unref()
    idle.push(worker)
    ends.set(worker, setTimeout(() => worker.kill('SIGKILL'), idleMs).unref())
  }
  const wake = (worker: ChildProcess): void => {
    clearTimeout(ends.get(worker))
    worker.ref()
    worker.channel?.ref()
  }

  const perform = (worker: ChildProcess, request: PreparationRequest): Promise<PreparationReply> =>
    new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        worker.off('message', onMessage)
        worker.off('exit', onExit)
        worker.off('error', onError)
        settle()
      }
      const onMessage = (reply: PreparationReply): void => finish(() => resolve(reply))
      const onError = (cause: Error): void =>
        finish(() => reject(new SequelaError('internal', `no preparation process: ${cause.message}`, { cause })))
      const onExit = (): void => finish(() => reject(closed ? cancelled() : died()))
      const timer = setTimeout(() => worker.kill('SIGKILL'), longest)
      worker.on('message', onMessage)
      worker.once('exit', onExit)
      worker.once('error', onError)
      worker.send(request)
    })

  const turn = async (): Promise<void> => {
    if (busy >= options.processes) await new Promise<void>((resolve) => waiting.push(resolve))
    else busy++
  }
  const yieldTurn = (): void => {
    const next = waiting.shift()
    if (next === undefined) busy--
    else next()
  }

  return {
    prepare: async (request) => {
      await turn()
      try {
        if (closed) throw cancelled()
        const worker = idle.pop() ?? start()
        wake(worker)
        const reply = await perform(worker, request)
        if (worker.connected) rest(worker)
        if (reply.kind === 'prepared') return reply.result
        throw new SequelaError(isErrorCode(reply.code) ? reply.code : 'internal', reply.message)
      } finally {
        yieldTurn()
      }
    },
    close: async () => {
      closed = true
      const ending = [...alive].map((worker) => {
        const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
        wake(worker)
        worker.kill('SIGKILL')
        return exited
      })
      await Promise.all(ending)
    },
  }
}

function died(): SequelaError {
  return new SequelaError(
    'scan_unsuitable',
    'The scan cannot be used: the process that registered it ended; the scan is damaged, or memory ran out.',
  )
}

function cancelled(): SequelaError {
  return new SequelaError('cancelled', 'preparing the scans was called off')
}
