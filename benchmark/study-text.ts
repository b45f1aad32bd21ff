// The studies of the benchmark: one a seed and arm, as a consortium would write them.

import { imagePresets } from '../shared/model/presets.ts'
import { parseStudy, type Study } from '../shared/study/study.ts'
import { comparesPictures, type OrderingVariant, type RecurrenceArm, startsFromScratch, traitsOf } from './cell.ts'
import type { BenchmarkOptions } from './options.ts'
import { piecesOf } from './training-options.ts'

/** Six sites, skewed as real consortia are: the largest has a third of the children, the smallest a fourteenth. */
export const siteShares = {
  boston: 0.34,
  kyoto: 0.22,
  lyon: 0.16,
  philadelphia: 0.12,
  toronto: 0.09,
  zurich: 0.07,
} as const
export const siteNames = Object.keys(siteShares)

/** Children behind every cell that a site would tell of. */
export const benchmarkMinCell = 3

type Request = Pick<BenchmarkOptions, 'preset' | 'orderingRounds' | 'recurrenceRounds' | 'comparingRounds'> & {
  readonly seed: number
  readonly sites: readonly string[]
  readonly variant: OrderingVariant
  readonly arm: RecurrenceArm
}

/**
 * Stage 0 is ordering, stage 1 recurrence; an arm that starts from scratch runs stage 1 alone, at its own rate. One scan at a
 * time makes five times as many children, so batches are five times as large.
 */
export function benchmarkStudy(request: Request): Study {
  const { seed, preset, sites, variant, arm, orderingRounds, recurrenceRounds, comparingRounds } = request
  const { grid, spacingMm } = imagePresets[preset]
  const traits = traitsOf(variant)
  const ordering = [
    `rounds: ${orderingRounds}`,
    'learningRate: 3e-3',
    `warmupRounds: ${traits.hasWarmUp === false ? 0 : Math.floor(orderingRounds / 4)}`,
    ...(traits.losses === undefined ? [] : [traits.losses]),
  ].join(', ')
  const rate = startsFromScratch(arm) ? '3e-3' : '2e-3'
  const { model, stage, strategy = 'serverMomentum: 0.6', training } = piecesOf(arm)
  const recurrence = [
    `rounds: ${comparesPictures(arm) ? comparingRounds : recurrenceRounds}`,
    `batchChildren: ${arm === 'single-scan' ? 20 : 4}`,
    ...(stage?.startsWith('learningRate') ? [] : [`learningRate: ${rate}`]),
    ...(stage === undefined ? [] : [stage]),
  ].join(', ')
  const network = [
    ...(model?.startsWith('head') ? [] : ['head: hazards']),
    ...(traits.comparesPictures === false ? [] : ['temporal: change-gru']),
    ...(model === undefined ? [] : [model]),
  ].join(', ')
  return parseStudy(`study: benchmark
seed: ${seed}
model: { preset: ${preset}, ${network}, grid: [${grid.join(', ')}], spacingMm: ${spacingMm} }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [${sites.join(', ')}]
folds: { train: 0.8, validation: 0.2, test: 0 }
stages:
  - { task: ordering, ${ordering} }
  - { task: recurrence, ${recurrence} }
strategy: { ${strategy} }
${training === undefined ? '' : `training: { ${training} }\n`}round: { quorum: 1, deadline: 1h }
policy: { minChildren: 2, minCell: ${benchmarkMinCell} }
`).study
}
