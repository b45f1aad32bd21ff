// The part of the results that says what options of the study file buy.

import { errorBefore } from './calibration.ts'
import type { CellStore } from './store.ts'
import { manyScans, meanOf, pairedDifference, seedAuroc } from './summary.ts'
import { differenceInWords, networkScores, three } from './targets.ts'
import { trainingOptionNames, trainingOptions } from './training-options.ts'

/** Outcomes known where options are compared. */
export const optionsKnownShare = 0.4

const notMeasured =
  'Not measured here; [decision 27](decisions/0027-recurrence-takes-rounds.md) has them on two development seeds of the hardened cohort.'

/** Lines of Markdown; options of which no cell is finished are left out. */
export function optionLines(store: CellStore, seeds: readonly number[]): string[] {
  const usual = networkScores(store, seeds, 'order', 'federated', optionsKnownShare)
  const rows = trainingOptionNames.flatMap((option) => {
    const scores = networkScores(store, seeds, option, 'federated', optionsKnownShare)
    if (scores.length === 0) return []
    const gain = pairedDifference(scores, usual, (one, at) => seedAuroc(one, 6, at))
    const { inWords } = trainingOptions[option]
    return [
      `| ${inWords} | ${three(meanOf(scores.map((one) => seedAuroc(one, 6))))} | ${three(meanOf(scores.map((one) => manyScans(one))))} | ${three(errorBefore(scores))} | ${differenceInWords(gain)} |`,
    ]
  })
  if (rows.length === 0) return [notMeasured]
  const all = usual.length === 0 ? '' : `${three(meanOf(usual.map((one) => seedAuroc(one, 6))))}`
  return [
    `Recurrence trained otherwise, from the same ordering, federated, ${100 * optionsKnownShare} % of the outcomes; *as it is* is the study of the rest of this page`,
    '(hazards, FedAvg with server momentum 0.6, one local epoch, one rate for all parameters, falling as a cosine to a tenth). The calibration error is that before recalibration.',
    '',
    '| changed | six scans | four and more | calibration error | six scans, option − as it is |',
    '| --- | --- | --- | --- | --- |',
    ...(usual.length === 0
      ? []
      : [
          `| nothing (as it is) | ${all} | ${three(meanOf(usual.map((one) => manyScans(one))))} | ${three(errorBefore(usual))} | |`,
        ]),
    ...rows,
  ]
}
