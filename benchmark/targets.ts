// The figures to reach, each with what came out and whether that is enough. A figure whose cells are not finished is "not measured".

import { type Calibration, calibration, calibrationBySeed, type HospitalCalibration } from './calibration.ts'
import type { Cell, OrderingVariant, RecurrenceArm, Setting } from './cell.ts'
import { permutedCells } from './plan.ts'
import type { OrderingFigures } from './result.ts'
import type { CellStore } from './store.ts'
import { benchmarkMinCell } from './study-text.ts'
import {
  manyScans,
  meanOf,
  type PairedDifference,
  pairedDifference,
  plainScores,
  recurrenceScores,
  type SeedScores,
  seedAuroc,
  spreadOf,
} from './summary.ts'

export interface Target {
  readonly figure: string
  readonly goal: string
  readonly cameOut: string
  /** Undefined: not measured. */
  readonly met: boolean | undefined
  /** On how many seeds it rests. */
  readonly seeds: number
  /** Of a comparison: that the other one is better beyond chance. */
  readonly isLost?: boolean | undefined
}

/** Controls without a network that come nearest to it, in words. */
export const plainRivals = {
  'bright voxels': 'the change of bright voxels',
  'local rise': 'the largest local rise of a scan against earlier ones, a number that nothing was trained for',
} as const

/** Name of the target that compares the network with such a control. */
export function rivalFigure(control: string): string {
  return `network − ${control}, 40 %`
}

/** What the network scored, by arm, setting and share of the known outcomes. */
export function networkScores(
  store: CellStore,
  seeds: readonly number[],
  arm: RecurrenceArm,
  setting: Setting,
  known: number,
): SeedScores[] {
  return recurrenceScores(store, seeds, (seed): Cell => ({ kind: 'recurrence', seed, arm, setting, known }))
}

/** What tells of scanners and protocols, and so must not tell the order of scans. That brains grow is no fault of theirs. */
const shortcutSources = ['histogram', 'header'] as const

/** Share of pairs that a source of the audit alone puts in order, of the seeds that have it. */
export function shortcutsOf(store: CellStore, seeds: readonly number[], source: string): number[] {
  return seeds.flatMap((seed) => {
    const result = store.find({ kind: 'shortcuts', seed })?.result
    return result?.kind === 'shortcuts' ? (result.pairAccuracy[source] ?? []) : []
  })
}

/** Figures after ordering of the seeds that have them. */
export function orderingOf(
  store: CellStore,
  seeds: readonly number[],
  variant: OrderingVariant,
): { readonly seed: number; readonly figures: OrderingFigures }[] {
  return seeds.flatMap((seed) => {
    const result = store.find({ kind: 'ordering', seed, variant, setting: 'federated' })?.result
    const figures = result?.kind === 'ordering' ? result.figures.all : undefined
    return figures === undefined ? [] : [{ seed, figures }]
  })
}

/** Of the network that most targets are about: order-pretrained, federated, from 40 % of the outcomes. */
export function judgedScores(store: CellStore, seeds: readonly number[]): SeedScores[] {
  return networkScores(store, seeds, 'order', 'federated', 0.4)
}

/** All targets, in the order of the table. @param hospitals how well {@link judgedScores} are calibrated at each */
export function targetsOf(
  store: CellStore,
  seeds: readonly number[],
  hospitals: readonly HospitalCalibration[],
): Target[] {
  const scores = (arm: RecurrenceArm, setting: Setting, known: number): SeedScores[] =>
    networkScores(store, seeds, arm, setting, known)
  const six = (one: SeedScores, at?: readonly number[]): number => seedAuroc(one, 6, at)
  const order = orderingOf(store, seeds, 'order').map(({ figures }) => figures)
  const at40 = judgedScores(store, seeds)
  const histogram = scores('histogram', 'federated', 0.4)
  const byScans = (shown: number): number => meanOf(at40.map((one) => seedAuroc(one, shown)))
  const gain = pairedDifference(scores('order', 'federated', 0.2), scores('scratch', 'federated', 0.2), six)
  const gainOfEmbeddings = pairedDifference(
    scores('embeddings-only', 'federated', 0.2),
    scores('embeddings-scratch', 'federated', 0.2),
    six,
  )
  const pooled = pairedDifference(at40, scores('order', 'pooled', 0.4), six)
  const local = pairedDifference(at40, scores('order', 'local', 0.4), six)
  const hardened = pairedDifference(at40, histogram, six)
  const calibrated = at40.length > 0 ? calibration(at40) : undefined
  const shuffledOutcomes = permutedAurocs(store, seeds, false)
  const shuffledVisits = permutedAurocs(store, seeds, true)
  const shuffledOrder = orderingOf(store, seeds, 'shuffled').map(({ figures }) => figures.pairAccuracy)
  return [
    measured(
      'pair accuracy, all',
      '≥ 0.86',
      order.map((one) => one.pairAccuracy),
      (mean) => mean >= 0.86,
    ),
    measured(
      'pair accuracy, far apart',
      '≥ 0.95',
      order.map((one) => one.pairAccuracyFar),
      (mean) => mean >= 0.95,
    ),
    measured(
      'sequence AUROC',
      '≥ 0.95',
      order.map((one) => one.sequenceAuroc),
      (mean) => mean >= 0.95,
    ),
    measured(
      'AUROC with 4+ scans, 40 % of outcomes',
      'mean ≥ 0.75',
      at40.map((one) => manyScans(one)),
      (mean) => mean >= 0.75,
    ),
    gainTarget('pretrained − scratch at 20 % of outcomes', gain),
    gainTarget('the same in a network that compares embeddings alone', gainOfEmbeddings),
    {
      figure: 'one scan; 4 → 6 scans',
      goal: '0.45–0.70; within 0.03',
      cameOut: at40.length === 0 ? '' : `${three(byScans(1))}; ${signed(byScans(6) - byScans(4))}`,
      met:
        at40.length === 0
          ? undefined
          : byScans(1) >= 0.45 && byScans(1) <= 0.7 && Math.abs(byScans(6) - byScans(4)) <= 0.03,
      seeds: at40.length,
    },
    {
      figure: 'federated − pooled',
      goal: 'within 0.02',
      cameOut: differenceInWords(pooled),
      met: pooled && Math.abs(pooled.mean) <= 0.02,
      seeds: seedsOf(pooled),
    },
    {
      figure: 'federated − mean of the sites alone',
      goal: '≥ 0.05',
      cameOut: differenceInWords(local),
      met: local && local.mean >= 0.05,
      seeds: seedsOf(local),
    },
    {
      figure: 'expected calibration error after recalibration',
      goal: '≤ 0.05 overall',
      cameOut:
        calibrated === undefined
          ? ''
          : `${three(calibrated.after.ece)} (before: ${three(calibrated.before.ece)}${leftInWords(calibrated, at40.length)})`,
      met: calibrated && calibrated.after.ece <= 0.05,
      seeds: at40.length,
    },
    seedCalibrationTarget(at40),
    hospitalTarget(hospitals, at40.length),
    measured(
      'lesion probe after ordering',
      '≥ 0.6 on every seed',
      order.map((one) => one.lesionProbe),
      (_, least) => least >= 0.6,
    ),
    withStandardError(
      nothingToFind('shuffled outcomes, those of other children', shuffledOutcomes.flat()),
      shuffledOutcomes,
    ),
    withStandardError(nothingToFind('shuffled outcomes, those of any visits', shuffledVisits.flat()), shuffledVisits),
    nothingToFind('shuffled order, pair accuracy', shuffledOrder),
    ...shortcutSources.map((source) =>
      nothingToFind(`order told by the ${source} alone`, shortcutsOf(store, seeds, source)),
    ),
    {
      figure: 'network − intensity histogram + GRU, 40 %',
      goal: '≥ 0.05',
      cameOut: differenceInWords(hardened),
      met: hardened && hardened.mean >= 0.05,
      seeds: seedsOf(hardened),
    },
    ...Object.keys(plainRivals).map((control): Target => {
      const difference = pairedDifference(at40, plainScores(store, seeds, control, 0.4, false), six)
      return {
        figure: rivalFigure(control),
        goal: '> 0, interval above 0',
        cameOut: differenceInWords(difference),
        met: difference && difference.interval.low > 0,
        isLost: difference && difference.interval.high < 0,
        seeds: seedsOf(difference),
      }
    }),
  ]
}

/** What pretraining buys; safe transfer is that no seed loses by it. */
function gainTarget(figure: string, gain: PairedDifference | undefined): Target {
  return {
    figure,
    goal: 'mean ≥ 0.05, interval above 0, no seed below −0.03',
    cameOut: differenceInWords(gain),
    met:
      gain && gain.mean >= 0.05 && gain.interval.low > 0 && gain.bySeed.every(({ difference }) => difference >= -0.03),
    seeds: seedsOf(gain),
  }
}

function seedsOf(difference: PairedDifference | undefined): number {
  return difference?.bySeed.length ?? 0
}

/** A consortium has one model and not the mean of five, whose errors partly cancel. */
function seedCalibrationTarget(scores: readonly SeedScores[]): Target {
  const bySeed = calibrationBySeed(scores)
  const errors = spreadOf(bySeed.map(({ ece }) => ece))
  const chance = spreadOf(bySeed.map(({ byChance }) => byChance))
  return {
    figure: 'the same of each seed’s model by itself',
    goal: '≤ 0.05, mean',
    cameOut:
      errors === undefined || chance === undefined
        ? ''
        : `${three(errors.mean)} (${three(errors.least)} to ${three(errors.most)}); of right risks, by chance, ${three(chance.mean)}`,
    met: errors && errors.mean <= 0.05,
    seeds: scores.length,
  }
}

/** Hospitals with fewer events among the test children of all seeds are not judged. */
const fewestEvents = 20

function hospitalTarget(hospitals: readonly HospitalCalibration[], seeds: number): Target {
  const judged = hospitals.filter(({ events }) => events >= fewestEvents)
  const errors = spreadOf(judged.map(({ after }) => after.ece))
  const chance = spreadOf(judged.map(({ byChance }) => byChance))
  return {
    figure: 'the same by hospital, test children of all seeds',
    goal: `≤ 0.08 for each with ≥ ${fewestEvents} events`,
    cameOut:
      errors === undefined || chance === undefined
        ? ''
        : `${three(errors.least)} to ${three(errors.most)}; of right risks, by chance, ${three(chance.least)} to ${three(chance.most)}`,
    met: errors && errors.most <= 0.08,
    seeds,
  }
}

/** AUROC with six scans of models that learnt from permuted outcomes, of each seed that has some. */
function permutedAurocs(store: CellStore, seeds: readonly number[], mixesVisits: boolean): number[][] {
  return seeds
    .map((seed) =>
      permutedCells(seed, mixesVisits).flatMap((cell) =>
        recurrenceScores(store, [seed], () => cell).map((one) => seedAuroc(one, 6)),
      ),
    )
    .filter(({ length }) => length > 0)
}

function measured(
  figure: string,
  goal: string,
  values: readonly number[],
  enough: (mean: number, least: number) => boolean,
): Target {
  const spread = spreadOf(values)
  if (spread === undefined) return { figure, goal, cameOut: '', met: undefined, seeds: 0 }
  const range = spread.count > 1 ? ` (${three(spread.least)} to ${three(spread.most)})` : ''
  return {
    figure,
    goal,
    cameOut: `${three(spread.mean)}${range}`,
    met: enough(spread.mean, spread.least),
    seeds: spread.count,
  }
}

/** A negative control. */
function nothingToFind(figure: string, values: readonly number[]): Target {
  return measured(figure, '0.47–0.53', values, (mean) => mean >= 0.47 && mean <= 0.53)
}

/** Says how sure the mean is, from the seeds: permutations of one seed balance each other and are not independent. */
function withStandardError(target: Target, bySeed: readonly (readonly number[])[]): Target {
  const means = bySeed.map(meanOf)
  if (means.length < 2) return { ...target, seeds: means.length }
  const mean = meanOf(means)
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1)
  const error = three(Math.sqrt(variance / means.length))
  const cameOut = `${target.cameOut}; ${bySeed.flat().length} permutations, standard error ${error}`
  return { ...target, cameOut, seeds: means.length }
}

export function differenceInWords(difference: PairedDifference | undefined): string {
  if (difference === undefined) return ''
  const { mean, interval, bySeed } = difference
  const seeds = bySeed.map((one) => signed(one.difference)).join(' ')
  return `${signed(mean)}, 95 % ${signed(interval.low)} to ${signed(interval.high)}; by seed ${seeds}`
}

export function three(value: number): string {
  return value.toFixed(3)
}

export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
}

/** Mean over seeds, with the least and the most of them and their number; a dash where there is none. */
export function spreadInWords(values: readonly number[]): string {
  const spread = spreadOf(values)
  if (spread === undefined) return '–'
  return spread.count === 1
    ? `${three(spread.mean)} (1)`
    : `${three(spread.mean)} (${three(spread.least)} to ${three(spread.most)}; ${spread.count})`
}

function leftInWords({ leftAsTheyAre }: Calibration, seeds: number): string {
  if (leftAsTheyAre === 0) return ''
  return `; nothing was recalibrated on ${leftAsTheyAre} of ${seeds} seeds, with fewer than ${benchmarkMinCell} validation children with an event`
}
