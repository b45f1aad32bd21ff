// Benchmark: one optimiser step of the smallest preset at a site, from scans in memory to changed weights.

import { fileURLToPath } from 'node:url'
import nodeFlags from '../shared/node-flags.json' with { type: 'json' }
import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, type MeasuredRow, median } from './benchmark.ts'
import { type Candidate, runInterleaved } from './interleaved.ts'
import { canImport, python } from './python.ts'
import type { TrainTask } from './train/task.ts'

/** A batch as the demo has it, one thread. */
export const train: Benchmark = trainBenchmark({ threads: 1, children: 4, scans: 5, batches: 6, epochs: 8 })

/** The benchmark at another size, for tests. */
export function trainBenchmark(task: TrainTask): Benchmark {
  const { children, scans, threads } = task
  return {
    name: 'train',
    description:
      `a step of ordering, preset tiny: ${children} children × ${scans} scans, ${threads} thread; ` +
      'ours draws and augments, PyTorch does not',
    run: (options) => measure(task, options),
  }
}

async function measure(task: TrainTask, options: BenchmarkOptions): Promise<BenchmarkResult> {
  const told = JSON.stringify(task)
  const script = (name: string): string => fileURLToPath(new URL(`./train/${name}`, import.meta.url))
  const candidates: Candidate[] = [
    { name: 'ours', program: process.execPath, arguments: [...nodeFlags, script('ours.ts'), told] },
  ]
  const withTorch = await canImport('torch')
  if (withTorch) candidates.push({ name: 'PyTorch', program: python, arguments: [script('pytorch_step.py'), told] })
  const measured = await runInterleaved(candidates, options)
  const rows = candidates.map(({ name }, k): MeasuredRow => ({ name, unit: 'ms', runs: measured[k] ?? [] }))
  const [ours, torch] = rows.map(({ runs }) => median(runs.map(({ value }) => value)))
  if (ours === undefined) throw new Error('ours is always a candidate')
  return {
    rows: withTorch ? rows : [...rows, { name: 'PyTorch', skipped: `${python} cannot import torch` }],
    figures: { train_step_ms: ours, ...(torch !== undefined && { train_step_ratio: ours / torch }) },
  }
}
