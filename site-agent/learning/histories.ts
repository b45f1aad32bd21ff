// A child's history as the network is asked about it: some of its scans in order, the last of which is the landmark. Each
// scan is encoded once; only the small sequence block runs again for each landmark, told of nothing later than it.

import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import type { Chart } from '../../shared/cohort/chart.ts'
import { clinicalVector } from '../../shared/model/clinical.ts'
import type { Encoded } from '../../shared/model/encoder.ts'
import { riskOutputs } from '../../shared/model/heads.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { networkOf } from '../../shared/model/network.ts'
import type { FusedOps, ParameterTensors } from '../../shared/model/parameter-tensors.ts'
import { runSequences } from '../../shared/model/sequence.ts'
import type { SequenceLayout } from '../../shared/model/sequence-layout.ts'
import type { BatchChild } from './batches.ts'
import type { Tf } from './engine.ts'

export interface History {
  /** Numbers of scans among the embeddings, in order. */
  readonly scans: readonly number[]
  /** Of each scan, in order; at least one. */
  readonly days: readonly number[]
  readonly chart: Chart
}

/** The history of a child in a batch up to a visit, from another one on. @param from first visit @param to last visit */
export function historyOf({ firstScan, days, chart }: BatchChild, from: number, to: number): History {
  const visits = days.slice(from, to + 1)
  return { scans: visits.map((_, at) => firstScan + from + at), days: visits, chart }
}

/** Sequences of scan numbers as a layout, padded at their ends. */
export function layoutOf(sequences: readonly (readonly number[])[]): SequenceLayout {
  const steps = Math.max(...sequences.map(({ length }) => length))
  const scans = new Int32Array(steps * sequences.length).fill(-1)
  for (const [q, sequence] of sequences.entries()) {
    for (const [step, scan] of sequence.entries()) scans[step * sequences.length + q] = scan
  }
  return { steps, sequences: sequences.length, scans }
}

/**
 * What the risk head gives after the last scan of each history. Histories of which one begins another and goes no further
 * share a run where a state does not know what comes after it: the network is not told of time, and has no attention.
 * @returns [history, output]
 */
export function riskAfter(
  tf: Tf,
  ops: FusedOps,
  model: ModelSpec,
  parameters: ParameterTensors,
  encoded: Encoded,
  histories: readonly History[],
): Tensor2D {
  const preset = networkOf(model)
  const shown = histories.map((history) => latest(history, preset.mostScans))
  const isShared = model.timeInput === 'none' && preset.temporal !== 'attention-lstm'
  const { runs, places } = isShared ? sharedRuns(shown) : separateRuns(shown)
  const layout = { ...layoutOf(runs.map(({ scans }) => scans)), ...timeOf(model, runs) }
  const states = runSequences(tf, ops, preset, parameters, encoded, layout) // [step, run, hidden]
  const flat = tf.reshape(states, [layout.steps * layout.sequences, preset.hiddenSize]) as Tensor2D
  const rows = tf.tensor1d(
    places.map(({ run, step }) => step * layout.sequences + run),
    'int32',
  )
  const charts = model.clinical ? tf.tensor2d(histories.map(({ chart }) => [...clinicalVector(chart)])) : undefined
  return riskOutputs(tf, parameters, tf.gather(flat, rows as Tensor1D), charts)
}

function latest({ scans, days, chart }: History, most = scans.length): History {
  return { scans: scans.slice(-most), days: days.slice(-most), chart }
}

interface Runs {
  readonly runs: readonly History[]
  /** Where the state of each history stands. */
  readonly places: readonly { readonly run: number; readonly step: number }[]
}

function separateRuns(histories: readonly History[]): Runs {
  return { runs: histories, places: histories.map(({ scans }, run) => ({ run, step: scans.length - 1 })) }
}

/** One run for all histories that begin with the same scans: the longest of them. */
function sharedRuns(histories: readonly History[]): Runs {
  const runs: History[] = []
  const byLength = [...histories.entries()].toSorted(([, a], [, b]) => b.scans.length - a.scans.length)
  const placed = new Map<number, { readonly run: number; readonly step: number }>()
  for (const [index, history] of byLength) {
    const known = runs.findIndex(({ scans }) => history.scans.every((scan, at) => scan === scans[at]))
    const run = known < 0 ? runs.push(history) - 1 : known
    placed.set(index, { run, step: history.scans.length - 1 })
  }
  return { runs, places: histories.map((_, index) => placed.get(index) ?? { run: 0, step: 0 }) }
}

/** Days from each scan to the end of its run, laid out as the scans are. */
function timeOf({ timeInput }: ModelSpec, runs: readonly History[]): Pick<SequenceLayout, 'gapDays'> {
  if (timeInput === 'none') return {}
  const steps = Math.max(...runs.map(({ scans }) => scans.length))
  const gapDays = new Float64Array(steps * runs.length).fill(Number.NaN)
  for (const [run, { days }] of runs.entries()) {
    const landmark = days.at(-1) ?? Number.NaN
    for (const [step, day] of days.entries()) gapDays[step * runs.length + run] = landmark - day
  }
  return { gapDays }
}
