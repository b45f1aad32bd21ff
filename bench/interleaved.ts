// Runs candidates in turn (A, B, C, A, B, C, …), each time in a fresh process, so that a machine that slows down or
// speeds up does so for all of them, and memory is that of one run alone.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { BenchmarkOptions, Measurement } from './benchmark.ts'

/** A program that does the job once and prints one line of JSON: a Measurement. */
export interface Candidate {
  readonly name: string
  readonly program: string
  readonly arguments: readonly string[]
}

const measurement = z.object({
  value: z.number().positive(),
  cpuSeconds: z.number().nonnegative(),
  peakMb: z.number().positive(),
  outcome: z.string().optional(),
})

/** `runs` measurements of each candidate, in order of `candidates`. A candidate that fails ends the benchmark. */
export async function runInterleaved(
  candidates: readonly Candidate[],
  { runs, progress, signal }: Pick<BenchmarkOptions, 'runs' | 'progress' | 'signal'>,
): Promise<readonly (readonly Measurement[])[]> {
  const results: Measurement[][] = candidates.map(() => [])
  for (let run = 0; run < runs; run++) {
    for (const [k, candidate] of candidates.entries()) {
      const { outcome, ...numbers } = await measure(candidate, signal)
      results[k]?.push(outcome === undefined ? numbers : { ...numbers, outcome })
      progress(`run ${run + 1} of ${runs}: ${candidate.name} ${numbers.value.toPrecision(3)}`)
    }
  }
  return results
}

async function measure(candidate: Candidate, signal: AbortSignal): Promise<z.infer<typeof measurement>> {
  const { stdout } = await promisify(execFile)(candidate.program, [...candidate.arguments], { signal })
  const line: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  return measurement.parse(line)
}
