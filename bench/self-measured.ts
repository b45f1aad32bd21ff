// The inside of a candidate written in TypeScript: measures a job in this process and prints the line that
// interleaved.ts reads.

import type { Measurement } from './benchmark.ts'

/**
 * Does the job once and prints what it took; the job's own result is the outcome.
 * @param scale turns seconds into the unit of the row, where that is another
 */
export async function printMeasurement(job: () => Promise<string>, scale = 1): Promise<void> {
  const cpuBefore = process.cpuUsage()
  const before = performance.now()
  const outcome = await job()
  const seconds = (performance.now() - before) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const result: Measurement = {
    value: seconds * scale,
    cpuSeconds: (user + system) / 1e6,
    peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6,
    outcome,
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
