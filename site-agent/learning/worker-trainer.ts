// A trainer whose work is done in a process of its own, started with the first job and again after a crash.

import { type ChildProcess, fork } from 'node:child_process'
import { isErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import type { EmbeddingJob } from './embed.ts'
import type { ChildScores, ScoringJob } from './score.ts'
import type { JobOptions, Trainer } from './trainer.ts'
import type { WorkerReply, WorkerRequest } from './worker-messages.ts'

/** A trainer that can also score single children, for programs that hold their scans. */
export interface WorkerTrainer extends Trainer {
  score(job: ScoringJob, options?: JobOptions): Promise<readonly ChildScores[]>
  /** @returns [child][scan][embedding] */
  embed(job: EmbeddingJob, options?: JobOptions): Promise<number[][][]>
}

export interface WorkerTrainerOptions {
  readonly threads: number
  /** The program of the process; a parameter so that a crash can be tested. */
  readonly program?: URL
}

export function createWorkerTrainer(options: WorkerTrainerOptions): WorkerTrainer {
  const program = options.program ?? new URL('./worker.ts', import.meta.url)
  let worker: ChildProcess | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let closed = false

  const running = (): ChildProcess => {
    if (worker?.connected) return worker
    const started = fork(program, [String(options.threads)], {
      serialization: 'advanced',
      // What native code prints to standard error is for whoever started the agent.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    started.once('exit', () => {
      if (worker === started) worker = undefined
    })
    worker = started
    return started
  }

  const perform = (request: WorkerRequest, { onProgress, signal }: JobOptions): Promise<WorkerReply> =>
    new Promise((resolve, reject) => {
      if (closed || signal?.aborted) return reject(cancelled())
      const process = running()
      const finish = (settle: () => void): void => {
        process.off('message', onMessage)
        process.off('exit', onExit)
        process.off('error', onError)
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const onMessage = (message: WorkerReply): void => {
        if (message.kind === 'progress') onProgress?.(message.progress)
        else finish(() => resolve(message))
      }
      const onError = (cause: Error): void => {
        const message = `the training process could not be started or told its job: ${cause.message}`
        finish(() => reject(new SequelaError('training_failed', message, { cause })))
      }
      const onExit = (code: number | null, name: string | null): void => {
        const how = name === null ? `with status ${code}` : `by ${name}`
        const message = `the training process ended ${how}; out of memory is the usual cause`
        finish(() => reject(closed ? cancelled() : new SequelaError('training_failed', message)))
      }
      const onAbort = (): void => {
        // A job cannot be interrupted inside a step of native code; the next one gets a fresh process.
        process.kill('SIGKILL')
        if (worker === process) worker = undefined
        finish(() => reject(cancelled()))
      }
      process.on('message', onMessage)
      process.once('exit', onExit)
      process.once('error', onError)
      signal?.addEventListener('abort', onAbort, { once: true })
      process.send(request)
    })

  /** One job at a time; a failed one does not hold up the next. */
  const inTurn = (request: WorkerRequest, jobOptions: JobOptions = {}): Promise<WorkerReply> => {
    const turn = queue.then(() => perform(request, jobOptions))
    queue = turn.catch(() => {})
    return turn.then(unlessFailed)
  }

  return {
    train: async (job, jobOptions) => {
      const reply = await inTurn({ kind: 'train', job }, jobOptions)
      if (reply.kind !== 'trained') throw unexpected(reply)
      return reply.result
    },
    evaluate: async (job, jobOptions) => {
      const reply = await inTurn({ kind: 'evaluate', job }, jobOptions)
      if (reply.kind !== 'evaluated') throw unexpected(reply)
      return reply.metrics
    },
    risks: async (job, jobOptions) => {
      const reply = await inTurn({ kind: 'risks', job }, jobOptions)
      if (reply.kind !== 'judged') throw unexpected(reply)
      return reply.risks
    },
    score: async (job, jobOptions) => {
      const reply = await inTurn({ kind: 'score', job }, jobOptions)
      if (reply.kind !== 'scored') throw unexpected(reply)
      return reply.scores
    },
    embed: async (job, jobOptions) => {
      const reply = await inTurn({ kind: 'embed', job }, jobOptions)
      if (reply.kind !== 'embedded') throw unexpected(reply)
      return reply.embeddings
    },
    close: async () => {
      closed = true
      const ending = worker
      if (ending === undefined || ending.exitCode !== null) return
      const exited = new Promise<void>((resolve) => ending.once('exit', () => resolve()))
      ending.kill('SIGKILL')
      await exited
    },
  }
}

function unlessFailed(reply: WorkerReply): WorkerReply {
  if (reply.kind !== 'failed') return reply
  throw new SequelaError(isErrorCode(reply.code) ? reply.code : 'training_failed', reply.message)
}

function unexpected(reply: WorkerReply): SequelaError {
  return new SequelaError('internal', `the training process answered ${reply.kind}`)
}

function cancelled(): SequelaError {
  return new SequelaError('cancelled', 'the job was called off')
}
