// Runs the planned cells on a few training processes, keeps each result, and tells how far it is.

import type { ScannerOrder } from '../demo/hospitals/cohort.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { createWorkerTrainer, type WorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { type Cell, cellId, dependenciesOf } from './cell.ts'
import type { BenchmarkCohort } from './cohort.ts'
import { cellSeconds } from './estimate.ts'
import type { BenchmarkOptions } from './options.ts'
import { plainControls } from './plain-controls.ts'
import { type Lane, runSchedule } from './schedule.ts'
import { shortcutAudit } from './shortcuts.ts'
import type { CellStore } from './store.ts'
import { benchmarkStudy } from './study-text.ts'
import {
  askLesionChange,
  type CellOutcome,
  type CellWork,
  trainLeftOut,
  trainOrdering,
  trainRecurrence,
  trainUpgraded,
} from './train-cell.ts'

export interface RunnerDeps {
  readonly options: BenchmarkOptions
  readonly store: CellStore
  readonly cells: readonly Cell[]
  readonly cohortOf: (seed: number, scanners: ScannerOrder) => Promise<BenchmarkCohort>
  readonly onCell: (progress: CellProgress) => void
  readonly signal: AbortSignal
}

export interface CellProgress {
  readonly cell: Cell
  readonly seconds: number
  readonly done: number
  readonly total: number
  /** Of wall time, from how the finished cells compare with their estimates. */
  readonly secondsLeft: number
}

/** Computes every cell that the store does not hold. The first failure ends the rest. */
export async function runCells(deps: RunnerDeps): Promise<void> {
  const { options, store, cells } = deps
  const isFinished = (cell: Cell): boolean => store.find(cell) !== undefined
  const open = cells.filter((cell) => !isFinished(cell))
  const tally = { done: cells.length - open.length, estimated: 0, taken: 0 }
  let left = open.reduce((sum, cell) => sum + cellSeconds(cell, options), 0)

  const keep = (cell: Cell, seconds: number, { result, weights }: CellOutcome): void => {
    store.put(cell, seconds, result, weights)
    const estimate = cellSeconds(cell, options)
    left -= estimate
    tally.done++
    tally.estimated += estimate
    tally.taken += seconds
    const secondsLeft = (left * tally.taken) / tally.estimated / options.workers
    deps.onCell({ cell, seconds, done: tally.done, total: cells.length, secondsLeft })
  }
  const lanes = Array.from({ length: options.workers }, () => createLane(deps, keep))
  await runSchedule({ cells, isFinished, lanes })
}

/** A training process, made anew for every seed: the volumes that it has read stay in its memory. */
function createLane(deps: RunnerDeps, keep: (cell: Cell, seconds: number, outcome: CellOutcome) => void): Lane {
  let trainer: WorkerTrainer | undefined
  let seed: number | undefined
  return {
    run: async (cell) => {
      if (cell.seed !== seed) await trainer?.close()
      if (cell.seed !== seed || trainer === undefined) trainer = createWorkerTrainer({ threads: 1 })
      seed = cell.seed
      const { outcome, seconds } = await compute(deps, cell, trainer)
      keep(cell, seconds, outcome)
    },
    close: async () => trainer?.close(),
  }
}

/** The cell's outcome and how long it took, the making of its cohort left out. */
async function compute(
  deps: RunnerDeps,
  cell: Cell,
  trainer: WorkerTrainer,
): Promise<{ readonly outcome: CellOutcome; readonly seconds: number }> {
  const cohort = await deps.cohortOf(cell.seed, cell.kind === 'upgrade' ? 'upgraded' : 'any')
  const plain = cell.kind === 'upgrade' ? await deps.cohortOf(cell.seed, 'any') : undefined
  const start = performance.now()
  const outcome = await outcomeOf(deps, cell, trainer, cohort, plain)
  return { outcome, seconds: (performance.now() - start) / 1000 }
}

async function outcomeOf(
  { options, store, signal }: RunnerDeps,
  cell: Cell,
  trainer: WorkerTrainer,
  cohort: BenchmarkCohort,
  plain: BenchmarkCohort | undefined,
): Promise<CellOutcome> {
  const [needed] = dependenciesOf(cell)
  const weightsOf = (by: string): Weights => {
    if (needed === undefined) throw new Error(`${cellId(cell)} starts from nothing`)
    return store.weights(needed, by)
  }
  const work: CellWork = { options, cohort, trainer, weightsOf, signal }
  switch (cell.kind) {
    case 'ordering':
      return trainOrdering(cell, work)
    case 'recurrence':
      return trainRecurrence(cell, work)
    case 'lesion-change':
      return askLesionChange(cell, work)
    case 'left-out':
      return trainLeftOut(cell, work)
    case 'upgrade':
      return trainUpgraded(cell, work, plain ?? cohort)
    case 'plain': {
      const sites = [...cohort.sites.keys()]
      const study = benchmarkStudy({ ...options, seed: cell.seed, sites, variant: 'order', arm: 'order' })
      const result = await plainControls(options.preset, study, cohort, cell.known, trainer, weightsOf('all'))
      return { result, weights: new Map() }
    }
    case 'shortcuts':
      return { result: { kind: 'shortcuts', pairAccuracy: shortcutAudit(cohort) }, weights: new Map() }
  }
}
