// What the benchmark takes on its command line, checked before anything is made.

import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { SequelaError } from '../shared/protocol/errors.ts'

const cohortNames = ['hardened', 'growth'] as const
export type CohortName = (typeof cohortNames)[number]

const presetNames = ['tiny', 'compact'] as const
export type BenchmarkPreset = (typeof presetNames)[number]

/** Cells come in tiers, the most telling first. */
export const lastTier = 6

export interface BenchmarkOptions {
  readonly cohort: CohortName
  readonly preset: BenchmarkPreset
  /** Numbers of the seeds; each draws a cohort and a network's beginning. */
  readonly seeds: readonly number[]
  /** Children with and as many without an outcome, over all sites; a smaller benchmark says less. */
  readonly children: number
  readonly testChildren: number
  readonly orderingRounds: number
  /** Of recurrence in networks that see changes of embeddings alone. */
  readonly recurrenceRounds: number
  /** Of recurrence in networks that compare pictures. */
  readonly comparingRounds: number
  readonly workers: number
  /** Cells, cohorts and what is written at the end; a folder that holds cells already is gone on with. */
  readonly outFolder: string
  /** Where the page of results and its plots go. */
  readonly resultsFolder: string
  /** Print the plan with its estimate and end. */
  readonly planOnly: boolean
  /** Only write the results from the cells that are there. */
  readonly reportOnly: boolean
  /** Cells of this tier or before: 1 is the headline, {@link lastTier} everything. */
  readonly tier: number
  /** Only cells whose name holds one of these texts, separated by commas, with what they start from; absent: all. */
  readonly only: string | undefined
}

/** Reads the command line; commander prints help and ends by itself. @throws SequelaError `usage`. */
export function benchmarkOptions(argv: readonly string[]): BenchmarkOptions {
  const command = new Command('benchmark')
    .description(
      'Trains the network and everything it must beat on synthetic cohorts, and writes a table with plots. ' +
        'Cells that a folder holds are not computed again, so it may be interrupted at any time.',
    )
    .option('--seeds <number>', 'cohorts and networks drawn anew', wholeNumber, 5)
    .option('--first-seed <number>', 'the first of them', wholeNumber, 1)
    .addOption(new Option('--cohort <name>', 'which children').choices(cohortNames).default('hardened'))
    .addOption(new Option('--preset <name>', 'which network').choices(presetNames).default('tiny'))
    .option('--children <number>', 'with an outcome over six sites, and as many without', wholeNumber, 200)
    .option('--test-children <number>', 'in no site', wholeNumber, 200)
    .option(
      '--rounds <number>',
      'rounds of ordering; recurrence gets five eighths of them, half as many again where embeddings alone are compared',
      wholeNumber,
      40,
    )
    .option('--workers <number>', 'processes that train, one thread each', wholeNumber, 2)
    .option('--tier <number>', `1: the headline, 2 to ${lastTier}: more of the table`, wholeNumber, lastTier)
    .option(
      '--only <text>',
      'only cells whose name holds this text (or one of several: a,b), with what they start from',
    )
    .option('--out <folder>', 'where cells and results go', 'benchmark-out')
    .option('--results <folder>', 'where the page of results and its plots go (default: --out)')
    .option('--plan', 'print what would be computed and how long it takes, and end')
    .option('--report', 'write the results from the cells that are there, and end')
    .exitOverride()
    .parse([...argv])
  const given = command.opts<{
    seeds: number
    firstSeed: number
    cohort: CohortName
    preset: BenchmarkPreset
    children: number
    testChildren: number
    rounds: number
    workers: number
    tier: number
    only?: string
    out: string
    results?: string
    plan?: true
    report?: true
  }>()
  bounded('--seeds', given.seeds, 1, 100)
  bounded('--first-seed', given.firstSeed, 1, 1_000_000)
  bounded('--children', given.children, 24, 400)
  bounded('--test-children', given.testChildren, 12, 1000)
  bounded('--rounds', given.rounds, 1, 1000)
  bounded('--workers', given.workers, 1, 64)
  bounded('--tier', given.tier, 1, lastTier)
  return {
    cohort: given.cohort,
    preset: given.preset,
    seeds: Array.from({ length: given.seeds }, (_, i) => given.firstSeed + i),
    children: given.children,
    testChildren: given.testChildren,
    orderingRounds: given.rounds,
    recurrenceRounds: Math.max(1, Math.round(given.rounds * 1.5)),
    comparingRounds: Math.max(1, Math.round(given.rounds * 0.625)),
    workers: given.workers,
    outFolder: resolve(given.out),
    resultsFolder: resolve(given.results ?? given.out),
    planOnly: given.plan ?? false,
    reportOnly: given.report ?? false,
    tier: given.tier,
    only: given.only,
  }
}

function bounded(name: string, value: number, from: number, to: number): void {
  if (value < from || value > to) throw new SequelaError('usage', `${name} takes ${from} to ${to}, not ${value}`)
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('give a whole number.')
  return Number(text)
}

/** The command that computes all of this and writes it into a repository's docs, without folders of one machine. */
export function commandOf(options: BenchmarkOptions): string {
  const { cohort, preset, seeds, children, testChildren, orderingRounds, tier, only } = options
  return [
    `npm run benchmark -- --cohort ${cohort} --preset ${preset} --seeds ${seeds.length}`,
    ...(seeds[0] === 1 ? [] : [`--first-seed ${seeds[0]}`]),
    `--children ${children} --test-children ${testChildren} --rounds ${orderingRounds} --tier ${tier}`,
    ...(only === undefined ? [] : [`--only ${only}`]),
    '--results docs',
  ].join(' ')
}
