// `npm run bench -- NAME…`: runs benchmarks and prints their tables, or with --json one line for machines.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { runCommandLine, stopSignal } from '../shared/command-line.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { aggregate } from './aggregate.ts'
import type { Benchmark, BenchmarkResult } from './benchmark.ts'
import { ingest } from './ingest.ts'
import { register } from './register.ts'
import { round } from './round.ts'
import { tableOf } from './table.ts'
import { train } from './train.ts'
import { transfer } from './transfer.ts'

/** Every benchmark there is. */
const benchmarks: readonly Benchmark[] = [aggregate, round, transfer, train, ingest, register]

interface Options {
  readonly json?: true
  readonly runs: number
  readonly folder: string
}

const program = new Command('bench')
  .description('Measures side by side what we do and what one would pick instead; asserts nothing.')
  .argument('<name...>', `what to measure: ${benchmarks.map(({ name }) => name).join(', ')}`)
  .option('--json', 'one line of JSON with the figures of ours, nothing else')
  .option('--runs <number>', 'how often each candidate does the job', countOf, 7)
  .option('--folder <folder>', 'where files are written: the disk that is measured', tmpdir())
  .exitOverride()
  .action(bench)

async function bench(names: readonly string[], { json, runs, folder }: Options): Promise<void> {
  const chosen = names.map(benchmarkNamed)
  const signal = stopSignal()
  const print = (text: string): void => void process.stdout.write(`${text}\n`)
  const progress = (line: string): void => void process.stderr.write(`  ${line}\n`)
  const figures: Record<string, number> = {}
  if (!json)
    print(
      `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores; Node ${process.versions.node}; ${runs} runs each`,
    )
  for (const benchmark of chosen) {
    const result = await inScratchFolder(folder, (scratch) =>
      benchmark.run({ runs, folder: scratch, progress, signal }),
    )
    Object.assign(figures, result.figures)
    if (!json) print(`\n${benchmark.name}: ${benchmark.description}\n${tableOf(result.rows)}`)
  }
  if (json) print(JSON.stringify(rounded(figures)))
}

function benchmarkNamed(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name)
  if (found !== undefined) return found
  const known = benchmarks.map((benchmark) => benchmark.name).join(', ')
  throw new SequelaError('usage', `there is no benchmark "${name}"; there are ${known}`)
}

async function inScratchFolder(
  parent: string,
  work: (folder: string) => Promise<BenchmarkResult>,
): Promise<BenchmarkResult> {
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'sequela-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Four digits: more than any of these measurements has. */
function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]))
}

function countOf(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 1000)
    throw new InvalidArgumentError('give a number from 1 to 1000.')
  return count
}

await runCommandLine(() => program.parseAsync())
