// `npm run benchmark`: says what it will compute and how long that takes, computes what is not there yet, writes the results.

import type { ScannerOrder } from '../demo/hospitals/cohort.ts'
import { ensureEngine } from '../deploy/engine/ensure-engine.ts'
import { runCommandLine, stopSignal } from '../shared/command-line.ts'
import { cellId } from './cell.ts'
import { type BenchmarkCohort, benchmarkCohort } from './cohort.ts'
import { cellSeconds, cohortSeconds, upgradeOptions } from './estimate.ts'
import { benchmarkOptions } from './options.ts'
import { planCells } from './plan.ts'
import { writeResults } from './results.ts'
import { runCells } from './runner.ts'
import { createCellStore } from './store.ts'
import { benchmarkStudy, siteNames } from './study-text.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

await runCommandLine(async () => {
  const options = benchmarkOptions(process.argv)
  const store = createCellStore(options)
  const planned = planCells(options, siteNames)
  const missing = planned.filter(({ cell }) => store.find(cell) === undefined)
  say(planInWords())
  if (options.planOnly) return
  if (!options.reportOnly && missing.length > 0) await compute()
  say(`results  ${writeResults(options, store, planned, new Date()).join(', ')}`)

  function planInWords(): string {
    const seconds = missing.reduce((sum, { cell }) => sum + cellSeconds(cell, options), 0)
    const total = seconds + options.seeds.length * cohortSeconds(options)
    const tiers = Map.groupBy(planned, ({ tier }) => tier)
    return [
      `${options.seeds.length} seeds of the ${options.cohort} cohort, preset ${options.preset}: ${options.children} children with an outcome and as many`,
      `without at ${siteNames.length} sites, ${options.testChildren} in none; ${options.orderingRounds} rounds of ordering, ${options.comparingRounds} of recurrence.`,
      ...[...tiers].map(([tier, cells]) => {
        const open = cells.filter(({ cell }) => store.find(cell) === undefined)
        const minutes = open.reduce((sum, { cell }) => sum + cellSeconds(cell, options), 0) / 60 / options.workers
        return `  tier ${tier}: ${cells.length} cells, ${open.length} to compute, about ${Math.ceil(minutes)} min`
      }),
      `In all about ${Math.ceil(total / 60 / options.workers)} min on ${options.workers} free cores with the making of cohorts, and ${(0.3 * options.seeds.length).toFixed(1)} GB in ${options.outFolder}.`,
      'It may be interrupted: the same command goes on where it stood.',
    ].join('\n')
  }

  async function compute(): Promise<void> {
    await ensureEngine({ onProgress: say })
    const signal = stopSignal()
    const making = new Map<string, Promise<BenchmarkCohort>>()
    let turn: Promise<unknown> = Promise.resolve()
    /** One cohort is made at a time; a second lane waits for it or for its own. */
    const cohortOf = (seed: number, scanners: ScannerOrder): Promise<BenchmarkCohort> => {
      const known = making.get(`${scanners} ${seed}`)
      if (known !== undefined) return known
      const study = benchmarkStudy({ ...options, seed, sites: siteNames, variant: 'order', arm: 'order' })
      let last = performance.now()
      const onProgress = (what: string, done: number, total: number): void => {
        if (performance.now() - last < 10_000) return
        last = performance.now()
        say(`  cohort ${seed}: ${done} of ${total} scans ${what}`)
      }
      const size = scanners === 'any' ? options : upgradeOptions(options)
      const made = turn.then(() => benchmarkCohort({ options: size, study, seed, scanners, onProgress, signal }))
      turn = made.catch(() => undefined)
      making.set(`${scanners} ${seed}`, made)
      return made
    }
    await runCells({
      ...{ options, store, cells: planned.map(({ cell }) => cell), cohortOf, signal },
      onCell: ({ cell, seconds, done, total, secondsLeft }) =>
        say(
          `${done}/${total}  ${cellId(cell)}  ${seconds.toFixed(0)} s; about ${Math.ceil(secondsLeft / 60)} min left`,
        ),
    })
  }
})
