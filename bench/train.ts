// Benchmark: one optimiser step of a preset at a site, from scans in memory to changed weights.

import { fileURLToPath } from 'node:url'
import nodeFlags from '../shared/node-flags.json' with { type: 'json' }
import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, type MeasuredRow, median } from './benchmark.ts'
import { type Candidate, runInterleaved } from './interleaved.ts'
import { canImport, python } from './python.ts'
import type { TrainTask } from './train/task.ts'

/** Batches as the demo has them, one thread. */
export const train: Benchmark = trainBenchmark([
  { preset: 'tiny', threads: 1, children: 4, scans: 5, batches: 6, epochs: 8 },
  { preset: 'compact', threads: 1, children: 4, scans: 5, batches: 2, epochs: 2 },
])

/** The benchmark at other sizes, for tests; a task for each preset. */
export function trainBenchmark(tasks: readonly [TrainTask, ...TrainTask[]]): Benchmark {
  const [{ children, scans, threads }] = tasks
  return {
    name: 'train',
    description:
      `a step of ordering: ${children} children × ${scans} scans, ${threads} thread; ` +
      'ours draws and augments, PyTorch does not',
    run: async (options) => {
      const results: BenchmarkResult[] = []
      for (const task of tasks) results.push(await measure(task, options))
      return {
        rows: results.flatMap(({ rows }) => rows),
        figures: Object.assign({}, ...results.map(({ figures }) => figures)),
      }
    },
  }
}

async function measure(task: TrainTask, options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { preset } = task
  const told = JSON.stringify(task)
  const script = (name: string): string => fileURLToPath(new URL(`./train/${name}`, import.meta.url))
  const candidates: Candidate[] = [
    { name: `${preset}, ours`, program: process.execPath, arguments: [...nodeFlags, script('ours.ts'), told] },
  ]
  const withTorch = await canImport('torch')
  if (withTorch)
    candidates.push({ name: `${preset}, PyTorch`, program: python, arguments: [script('pytorch_step.py'), told] })
  const measured = await runInterleaved(candidates, options)
  const rows = candidates.map(({ name }, k): MeasuredRow => ({ name, unit: 'ms', runs: measured[k] ?? [] }))
  const [ours, torch] = rows.map(({ runs }) => median(runs.map(({ value }) => value)))
  if (ours === undefined) throw new Error('ours is always a candidate')
  return {
    rows: withTorch ? rows : [...rows, { name: `${preset}, PyTorch`, skipped: `${python} cannot import torch` }],
    figures: {
      [`train_step_${preset}_ms`]: ours,
      ...(torch !== undefined && { [`train_step_${preset}_ratio`]: ours / torch }),
    },
  }
}
