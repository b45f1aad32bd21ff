// The inside of a candidate written in TypeScript: measures a job and prints the line that interleaved.ts reads.

import { readFileSync } from 'node:fs'
import { cpuSecondsOfAll } from '../demo/cpu-time.ts'
import type { Measurement } from './benchmark.ts'

/**
 * Does the job once in this process and prints what it took; the job's own result is the outcome.
 * @param scale turns seconds into the unit of the row, where that is another
 */
export async function printMeasurement(job: () => Promise<string>, scale = 1): Promise<void> {
  const cpuBefore = process.cpuUsage()
  const before = performance.now()
  const outcome = await job()
  const seconds = (performance.now() - before) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6
  print({ value: seconds * scale, cpuSeconds: (user + system) / 1e6, peakMb, outcome })
}

/** What a job that other programs take part in says of itself. */
interface JobResult {
  /** In the unit of the row. */
  readonly value: number
  readonly outcome?: string
  /** The process whose memory matters; it must still run. */
  readonly pid: number
}

/** The same for such a job: CPU time of all programs that this one started, and the peak of one of them. */
export async function printMeasurementOfAll(job: () => Promise<JobResult>): Promise<void> {
  const cpuBefore = cpuSecondsOfAll()
  const { pid, ...result } = await job()
  print({ ...result, cpuSeconds: cpuSecondsOfAll() - cpuBefore, peakMb: peakMbOf(pid) })
}

function print(result: Measurement): void {
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** Most memory that the process held so far, from Linux's /proc. */
function peakMbOf(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kilobytes) * 1024) / 1e6
}
