// Benchmark: the average of a round, from the stored updates to the next weights, hashed and durable on disk.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeHeader } from '../shared/weights/safetensors.ts'
import type { AggregateTask } from './aggregate/task.ts'
import { type Benchmark, type BenchmarkOptions, type MeasuredRow, median, type Row } from './benchmark.ts'
import { type Candidate, runInterleaved } from './interleaved.ts'
import { canImport, python } from './python.ts'
import { manifestOfTensors, tensorLengths, writeRandomWeights } from './random-weights.ts'

const tensors = 64

/** The same job by a rule that a few hostile sites cannot move; beside FedAvg, as its cost is what one asks about. */
const robust = 'ours, coordinate median'

/** And one that writes two moments beside the weights. */
const adaptive = 'ours, FedAdam'

/** Eight hospitals and the paper's model with room to grow. */
export const aggregate: Benchmark = aggregateBenchmark({ sites: 8, elements: 46_000_000 })

/** The benchmark at another size, for tests. */
export function aggregateBenchmark(size: { readonly sites: number; readonly elements: number }): Benchmark {
  const { sites, elements } = size
  return {
    name: 'aggregate',
    description: `average ${sites} updates of ${(elements / 1e6).toFixed(0)} M weights: read (warm cache), sum, hash, write, fsync`,
    run: async (options) => {
      options.progress(`writing ${sites + 1} files of ${((elements * 4) / 1e6).toFixed(0)} MB`)
      const task = await writeTask(size, options)
      const [candidates, skipped] = await candidatesFor(task)
      const measured = await runInterleaved(candidates, options)
      const rows = candidates.map(({ name }, k): MeasuredRow => ({ name, unit: 's', runs: measured[k] ?? [] }))
      const [ours, robustRow, adaptiveRow] = rows
      if (ours === undefined || robustRow === undefined || adaptiveRow === undefined)
        throw new Error('ours is always a candidate')
      return {
        rows: [...rows.map((row) => noted(row, ours)), ...skipped],
        figures: {
          aggregate_8x46m_s: median(ours.runs.map(({ value }) => value)),
          median_8x46m_s: median(robustRow.runs.map(({ value }) => value)),
          fed_adam_8x46m_s: median(adaptiveRow.runs.map(({ value }) => value)),
          aggregate_peak_mb: Math.max(...ours.runs.map(({ peakMb }) => peakMb)),
        },
      }
    },
  }
}

async function writeTask(
  { sites, elements }: { readonly sites: number; readonly elements: number },
  { folder, signal }: BenchmarkOptions,
): Promise<AggregateTask> {
  const tensorElements = tensorLengths(elements, tensors)
  const manifest = manifestOfTensors(tensorElements)
  const baseFile = join(folder, 'base.safetensors')
  await writeRandomWeights(baseFile, { manifest, seed: 0, scale: 1 })
  const updates: AggregateTask['updates'] = []
  for (let k = 0; k < sites; k++) {
    signal.throwIfAborted()
    const file = join(folder, `update-${k}.safetensors`)
    const norm = await writeRandomWeights(file, { manifest, seed: k + 1, scale: 0.01 })
    updates.push({ site: `site-${k}`, children: 12 + 7 * k, norm, file })
  }
  const { byteLength: dataOffset } = encodeHeader(manifest)
  return { baseFile, updates, dataOffset, elements, tensorElements, outFolder: join(folder, 'out') }
}

async function candidatesFor(task: AggregateTask): Promise<readonly [readonly Candidate[], readonly Row[]]> {
  const told = JSON.stringify(task)
  const script = (name: string): string => fileURLToPath(new URL(`./aggregate/${name}`, import.meta.url))
  const node = (name: string, file: string, ...more: readonly string[]): Candidate => ({
    name,
    program: process.execPath,
    arguments: [script(file), told, ...more],
  })
  const candidates = [
    node('ours', 'ours.ts'),
    node(robust, 'ours.ts', 'coordinate-median'),
    node(adaptive, 'ours.ts', 'fed-adam'),
    node('plain loop, whole files, one thread', 'plain-loop.ts'),
  ]
  const skipped: Row[] = []
  for (const { name, module, file } of [
    { name: 'NumPy', module: 'numpy', file: 'numpy_mean.py' },
    { name: 'Flower (aggregate, float32)', module: 'flwr.server.strategy.aggregate', file: 'flower_mean.py' },
  ]) {
    if (await canImport(module)) candidates.push({ name, program: python, arguments: [script(file), told] })
    else skipped.push({ name, skipped: `${python} cannot import ${module}` })
  }
  return [candidates, skipped]
}

function noted(row: MeasuredRow, ours: MeasuredRow): MeasuredRow {
  if (row === ours) return row
  if (row.name === robust || row.name === adaptive) return { ...row, note: 'another rule' }
  const same = row.runs.every(({ outcome }) => outcome === ours.runs[0]?.outcome)
  return { ...row, note: same ? 'the same bytes' : 'other bytes (rounding)' }
}
