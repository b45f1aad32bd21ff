// Conversion in a process of its own: it may write into one folder only, sees no settings of its parent, and is ended when
// it takes too long or too much memory. What kills it costs one series.

import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import type { ConversionJob } from './conversion.ts'
import type { ConversionReply } from './converter-process.ts'
import { maxConversionMs, maxConverterBytes } from './limits.ts'

export interface Converter {
  /** Writes the job's target. @throws SequelaError `scan_unreadable`, `scan_unsuitable`, `file_unreadable`, `cancelled`. */
  convert(job: ConversionJob, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface ConverterOptions {
  /** The only folder that the process may write to. */
  readonly writableFolder: string
  readonly maxMs?: number
  readonly maxBytes?: number
  /** The program of the process; a parameter so that a crash can be tested. */
  readonly program?: URL
}

const memoryCheckMs = 200

export function createConverter(options: ConverterOptions): Converter {
  const { maxMs = maxConversionMs, maxBytes = maxConverterBytes } = options
  const program = options.program ?? new URL('./converter-process.ts', import.meta.url)
  let child: ChildProcess | undefined

  const running = (): ChildProcess => {
    if (child?.connected) return child
    const started = fork(program, [], {
      serialization: 'advanced',
      // Node's permission model: read, write below one folder, and nothing else; no other process, no addon.
      execArgv: ['--permission', '--allow-fs-read=*', `--allow-fs-write=${options.writableFolder}`],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    started.once('exit', () => {
      if (child === started) child = undefined
    })
    child = started
    return started
  }

  const convert = (job: ConversionJob, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled())
      const process = running()
      const finish = (settle: () => void): void => {
        clearTimeout(deadline)
        clearInterval(memory)
        process.off('message', onMessage).off('exit', onExit).off('error', onError)
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const end = (error: SequelaError): void => {
        process.kill('SIGKILL')
        if (child === process) child = undefined
        finish(() => reject(error))
      }
      const onMessage = (message: ConversionReply): void =>
        finish(() => (message.kind === 'converted' ? resolve() : reject(refusalOf(message))))
      const onExit = (): void => finish(() => reject(unsuitable('its conversion crashed; nothing of it was kept')))
      const onError = (cause: Error): void =>
        finish(() =>
          reject(new SequelaError('internal', `the conversion could not be started: ${cause.message}`, { cause })),
        )
      const onAbort = (): void => end(cancelled())
      const deadline = setTimeout(() => end(unsuitable(`its conversion took longer than ${maxMs / 1000} s`)), maxMs)
      const memory = setInterval(() => {
        if (residentBytes(process.pid) > maxBytes)
          end(unsuitable(`its conversion took more than ${Math.round(maxBytes / 2 ** 20)} MiB`))
      }, memoryCheckMs)
      process.on('message', onMessage).once('exit', onExit).once('error', onError)
      signal?.addEventListener('abort', onAbort, { once: true })
      process.send(job)
    })

  return {
    convert,
    close: async () => {
      const ending = child
      if (ending === undefined || ending.exitCode !== null) return
      const exited = new Promise<void>((resolve) => ending.once('exit', () => resolve()))
      ending.kill('SIGKILL')
      await exited
    },
  }
}

/** 0 where the system does not tell. */
function residentBytes(pid: number | undefined): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return Number.isFinite(pages) ? pages * 4096 : 0
  } catch {
    return 0
  }
}

function refusalOf({ code, message }: { readonly code: string; readonly message: string }): SequelaError {
  return new SequelaError(isErrorCode(code) ? code : 'scan_unreadable', message)
}

function unsuitable(reason: string): SequelaError {
  return new SequelaError('scan_unreadable', reason)
}

function cancelled(): SequelaError {
  return new SequelaError('cancelled', 'the import was stopped; run it again to go on where it stopped')
}
