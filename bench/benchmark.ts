// What a benchmark is: one job, done by us and by what a user would pick instead, on the same machine at the same time.
// Benchmarks print and assert nothing; whether a figure is good enough is for people to say.

export interface Benchmark {
  readonly name: string
  /** One line: the job, and what is included in its time. */
  readonly description: string
  run(options: BenchmarkOptions): Promise<BenchmarkResult>
}

export interface BenchmarkOptions {
  /** How often each candidate does the job. */
  readonly runs: number
  /** An empty folder on the disk to be measured; removed afterwards. */
  readonly folder: string
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

export interface BenchmarkResult {
  /** Ours first. */
  readonly rows: readonly Row[]
  /** For machines: name with its unit at the end, and value. */
  readonly figures: Readonly<Record<string, number>>
}

export type Row = MeasuredRow | SkippedRow

export interface MeasuredRow {
  readonly name: string
  readonly unit: 's' | 'ms' | 'MiB/s'
  readonly runs: readonly Measurement[]
  readonly note?: string
}

/** A candidate that is not installed here. */
interface SkippedRow {
  readonly name: string
  readonly skipped: string
}

/** One run of one candidate, in a process of its own. */
export interface Measurement {
  /** In the unit of the row. */
  readonly value: number
  /** Of all threads, user and system, in seconds. */
  readonly cpuSeconds: number
  /** Most memory that the process held at any time, in MB (10⁶ bytes), program included. */
  readonly peakMb: number
  /** What came out, so that candidates can be compared: a digest, for example. */
  readonly outcome?: string
}

/** The middle of the runs, by value; the lower of two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]
  if (middle === undefined) throw new Error('there is no median of nothing')
  return middle
}
