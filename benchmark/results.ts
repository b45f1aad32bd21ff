// The results as a page of Markdown with plots beside it, written from whatever cells are finished; what is not is said to be missing.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { imagePresets } from '../shared/model/presets.ts'
import { calibrationByHospital } from './calibration.ts'
import { hospitalLines } from './calibration-results.ts'
import { orderingVariants, type RecurrenceArm, type Setting } from './cell.ts'
import { testTruth } from './cohort.ts'
import { leftOutTable } from './left-out-results.ts'
import { lesionChangeLines } from './lesion-change-results.ts'
import { optionLines } from './option-results.ts'
import { type BenchmarkOptions, commandOf, lastTier } from './options.ts'
import { oracleScores, oracles, type RadiiOf } from './oracle.ts'
import { gainShares, knownShares, type PlannedCell } from './plan.ts'
import { type Plot, plotsOf } from './plots.ts'
import { auditedSources } from './shortcuts.ts'
import type { CellStore } from './store.ts'
import { meanOf, pairedDifference, plainScores, type SeedScores, seedAuroc, shownCounts } from './summary.ts'
import {
  differenceInWords,
  judgedScores,
  networkScores,
  orderingOf,
  plainRivals,
  rivalFigure,
  shortcutsOf,
  spreadInWords,
  type Target,
  targetsOf,
  three,
} from './targets.ts'

const arms: readonly (readonly [RecurrenceArm, string])[] = [
  ['order', 'order-pretrained'],
  ['scratch', 'sequence from scratch'],
  ['shuffled', 'pretrained on shuffled order, same losses'],
  ['auxiliary', 'pretrained by the auxiliary loss alone'],
  ['embeddings-only', 'order-pretrained, comparing embeddings alone'],
  ['embeddings-scratch', 'from scratch, comparing embeddings alone'],
  ['embeddings-shuffled', 'pretrained on shuffled order, comparing embeddings alone'],
  ['embeddings-auxiliary', 'pretrained by the auxiliary loss alone, comparing embeddings alone'],
  ['no-maxima', 'order-pretrained without the maxima map'],
  ['no-warm-up', 'order-pretrained without warm-up'],
  ['single-scan', 'single scan, order-pretrained (always shown the last one)'],
  ['histogram', 'intensity histogram + GRU'],
]
const controls: readonly (readonly [string, string])[] = [
  ['mean of scans', 'mean of scans (frozen encoder, logistic)'],
  ['last scan, frozen encoder', 'last scan (frozen encoder, logistic)'],
  ['local rise', 'largest local rise and fall (logistic)'],
  ['bright voxels', 'bright-voxel change (logistic)'],
  ['clinical', 'clinical only (logistic)'],
  ['gaps', 'gaps only (logistic)'],
  ['count', 'count only (logistic)'],
]
/** Arms whose difference tells why the first does what it does; the last four are about networks that see less. */
const explainingDifferences: readonly (readonly [RecurrenceArm, RecurrenceArm, string])[] = [
  ...(['scratch', 'shuffled', 'auxiliary', 'embeddings-only', 'no-maxima', 'no-warm-up'] as const).map(
    (arm) => ['order', arm, `order-pretrained − ${arm}`] as const,
  ),
  ...(
    [
      ['embeddings-scratch', 'scratch'],
      ['embeddings-shuffled', 'shuffled'],
      ['embeddings-auxiliary', 'auxiliary'],
      ['histogram', 'intensity histogram + GRU'],
    ] as const
  ).map(([arm, name]) => ['embeddings-only', arm, `comparing embeddings alone: order-pretrained − ${name}`] as const),
]
/** A model that was trained on single scans is asked of single scans: it has never seen a change. */
function shownTo(arm: RecurrenceArm, shown: number): number {
  return arm === 'single-scan' ? 1 : shown
}
const settings: readonly Setting[] = ['federated', 'pooled', 'local']

/** Writes page and plots. @returns the files */
export function writeResults(
  options: BenchmarkOptions,
  store: CellStore,
  planned: readonly PlannedCell[],
  today: Date,
): string[] {
  const name = pageName(options)
  const plots = plotsOf(store, options.seeds)
  mkdirSync(join(options.resultsFolder, name), { recursive: true })
  const page = join(options.resultsFolder, `${name}.md`)
  writeFileSync(page, resultsPage(options, store, planned, plots, today, name))
  const files = plots.map((plot) => {
    const file = join(options.resultsFolder, name, `${plot.name}.svg`)
    writeFileSync(file, plot.svg)
    return file
  })
  return [page, ...files]
}

/** `results` for what is run without options, and what differs in others. */
function pageName({ cohort, preset }: Pick<BenchmarkOptions, 'cohort' | 'preset'>): string {
  return ['results', ...(cohort === 'hardened' ? [] : [cohort]), ...(preset === 'tiny' ? [] : [preset])].join('-')
}

function resultsPage(
  options: BenchmarkOptions,
  store: CellStore,
  planned: readonly PlannedCell[],
  plots: readonly Plot[],
  today: Date,
  folder: string,
): string {
  const { seeds } = options
  const done = planned.filter(({ cell }) => store.find(cell) !== undefined)
  const missing = planned.length - done.length
  const truths = new Map(seeds.map((seed) => [seed, testTruth(options, seed)]))
  const hospitals = calibrationByHospital(judgedScores(store, seeds), (seed) => truths.get(seed)?.hospitals)
  const targets = targetsOf(store, seeds, hospitals)
  const seconds = done.reduce((sum, { cell }) => sum + (store.find(cell)?.seconds ?? 0), 0)
  return [
    `# Results on the ${options.cohort} cohort${options.preset === 'tiny' ? '' : `, preset ${options.preset}`}`,
    '',
    'Synthetic children: the tables show what the machinery does, and say nothing about patients. Not a medical device.',
    '',
    `Written by \`${commandOf(options)}\` on ${today.toISOString().slice(0, 10)}. Preset ${options.preset}; each seed draws a cohort and`,
    `a network's beginning: six sites of skewed size with about ${options.children} children with an outcome and as many without, and ${options.testChildren}`,
    `test children in none of them, a quarter of whom were scanned at a hospital that never trains. ${options.orderingRounds} rounds of ordering, then ${options.comparingRounds} of`,
    `recurrence with hazards (${options.recurrenceRounds} where embeddings alone are compared, and of histograms). AUROC is that of an event within a year of the sixth visit.`,
    'How the cohorts were made and chosen: [decision 23](decisions/0023-cohorts-that-a-histogram-cannot-solve.md). The network, its rates and rounds were chosen on test children of two',
    'other draws, which stand in no table ([decision 29](decisions/0029-pictures-are-compared-before-they-are-pooled.md)); that recurrence might be trained too long, and that recalibration',
    'might believe a model too much ([decision 32](decisions/0032-recalibration-is-shrunk.md)), was looked into after `tiny` had been seen to fall short on the hardened cohort’s seeds.',
    '',
    missing === 0
      ? `All ${planned.length} cells ${extentOf(options)}are finished; they took ${(seconds / 3600).toFixed(1)} h of one thread.`
      : `**${done.length} of ${planned.length} cells are finished**; the same command computes the other ${missing}, and a number says on how many seeds it rests.`,
    '',
    '## Goals',
    '',
    ...controlStatements(targets),
    `The local rise is one of means over 3 × 3 × 3 voxels, ${3 * imagePresets[options.preset].spacingMm} mm wide here; finer voxels leave more noise in it.`,
    '',
    '| figure | goal | came out | |',
    '| --- | --- | --- | --- |',
    ...targets.map((target) => `| ${target.figure} | ${target.goal} | ${target.cameOut} | ${verdictOf(target)} |`),
    '',
    'Outcomes that change places give a model that is right by chance, or as wrong: single permutations lie far from 0.5 where one feature tells',
    'most. They form Latin squares, in which each child gets every kind of outcome equally often, and the standard error is that of the means of',
    'seeds. Outcomes of *other children* of the hospital leave each visit as late as it was and each hospital its events: a hazard that rises with the visits is still there to be',
    'learnt from whatever changes with time. Between *any visits* of all hospitals that is gone too, and nothing is left to find',
    '([decision 31](decisions/0031-what-shuffled-outcomes-leave.md)).',
    '',
    'Ranges are over seeds. Intervals resample seeds and, in each, test children, the same for both models of a difference.',
    '',
    '## AUROC with six scans',
    '',
    'Mean over seeds (least to most; number of seeds). *Alone* is the mean over the six sites, each trained on its own children. A dash was not',
    'trained: arms that explain a gain are trained where it is looked for, federated and from few of the outcomes, and of the others the settings and',
    'shares that a goal asks for.',
    '',
    ...aurocTable(store, seeds),
    '',
    'Logistic regressions are the same federated and pooled: sites add up exact sums. All test children have six scans at their landmark,',
    'so the count of scans is the same for all and its AUROC is 0.5 by construction.',
    '',
    '## AUROC against scans shown, 40 % of the outcomes',
    '',
    ...scansTable(store, seeds, (seed) => truths.get(seed)?.radiiMm),
    '',
    '## What pretraining buys, and why',
    '',
    `| six scans, federated | ${gainShares.map((known) => `${100 * known} % of the outcomes`).join(' | ')} |`,
    `| --- |${' --- |'.repeat(gainShares.length)}`,
    ...explainingDifferences.map(([first, second, name]) => {
      const cells = gainShares.map((known) => differenceInWords(gainOf(store, seeds, first, second, known)) || '–')
      return `| ${name} | ${cells.join(' | ')} |`
    }),
    '',
    '| after ordering, by seed | pair accuracy | far apart | sequence AUROC | lesion probe |',
    '| --- | --- | --- | --- | --- |',
    ...orderingVariants.flatMap((variant) =>
      orderingOf(store, seeds, variant).map(({ seed, figures }) => {
        const { pairAccuracy, pairAccuracyFar, sequenceAuroc, lesionProbe } = figures
        return `| ${variant}, seed ${seed} | ${three(pairAccuracy)} | ${three(pairAccuracyFar)} | ${three(sequenceAuroc)} | ${three(lesionProbe)} |`
      }),
    ),
    '',
    '## Calibration by hospital',
    '',
    ...hospitalLines(hospitals),
    '',
    '## What options of the study file buy',
    '',
    ...optionLines(store, seeds),
    '',
    '## Shortcuts',
    '',
    ...shortcutTable(store, seeds),
    '',
    '## Order where lesions grow and where they shrink',
    '',
    ...lesionChangeLines(store, seeds),
    '',
    '## Each site left out',
    '',
    ...leftOutTable(store, planned),
    '',
    '## Plots',
    '',
    ...plots.map(({ name, title }) => `![${title}](${folder}/${name}.svg)`),
    '',
  ].join('\n')
}

/** Seeds that the goals ask for. */
const goalSeeds = 5

function verdictOf({ met, seeds }: Target): string {
  if (met === undefined) return 'not measured'
  const onFewer = seeds < goalSeeds ? `, on ${seeds === 1 ? 'one seed' : `${seeds} seeds`} of ${goalSeeds}` : ''
  return `${met ? 'met' : '**unmet**'}${onFewer}`
}

/** Words between "cells" and "are finished". */
function extentOf({ tier }: BenchmarkOptions): string {
  if (tier === lastTier) return ''
  return tier === 1 ? `of tier 1 of ${lastTier} ` : `of tiers 1 to ${tier} of ${lastTier} `
}

/** The strongest plain controls stand at the top, beaten or not. */
function controlStatements(targets: readonly Target[]): string[] {
  return Object.entries(plainRivals).map(([control, rival]) => {
    const target = targets.find(({ figure }) => figure === rivalFigure(control))
    if (target?.met === undefined) return `Whether the network beats ${rival} is not measured yet.`
    const figures = `(difference of AUROC ${target.cameOut})`
    if (target.met) return `The network beats ${rival}, on this cohort ${figures}.`
    return target.isLost === true
      ? `**On this cohort the network does not reach ${rival}** ${figures}.`
      : `**It is not shown that the network beats ${rival} on this cohort** ${figures}.`
  })
}

function aurocTable(store: CellStore, seeds: readonly number[]): string[] {
  const columns = settings.flatMap((setting) => knownShares.map((known) => ({ setting, known })))
  const row = (
    name: string,
    scores: (setting: Setting, known: number) => readonly SeedScores[],
    shown = 6,
  ): string[] => {
    const cells = columns.map(({ setting, known }) =>
      spreadInWords(scores(setting, known).map((one) => seedAuroc(one, shown))),
    )
    return cells.every((cell) => cell === '–') ? [] : [`| ${name} | ${cells.join(' | ')} |`]
  }
  const heads = columns.map(({ setting, known }) => `${setting === 'local' ? 'alone' : setting} ${100 * known} %`)
  return [
    `| | ${heads.join(' | ')} |`,
    `| --- |${' --- |'.repeat(columns.length)}`,
    ...arms.flatMap(([arm, name]) =>
      row(name, (setting, known) => networkScores(store, seeds, arm, setting, known), shownTo(arm, 6)),
    ),
    ...controls.flatMap(([control, name]) =>
      row(name, (setting, known) => plainScores(store, seeds, control, known, setting === 'local')),
    ),
  ]
}

function scansTable(store: CellStore, seeds: readonly number[], radiiOf: RadiiOf): string[] {
  const row = (name: string, scores: readonly SeedScores[], shownOf = (shown: number) => shown): string[] => {
    if (scores.length === 0) return []
    const cells = shownCounts.map((shown) => three(meanOf(scores.map((one) => seedAuroc(one, shownOf(shown))))))
    return [`| ${name} | ${cells.join(' | ')} |`]
  }
  return [
    `| scans shown | ${shownCounts.join(' | ')} |`,
    `| --- |${' --- |'.repeat(shownCounts.length)}`,
    ...arms.flatMap(([arm, name]) =>
      row(name, networkScores(store, seeds, arm, 'federated', 0.4), (shown) => shownTo(arm, shown)),
    ),
    ...controls.flatMap(([control, name]) => row(name, plainScores(store, seeds, control, 0.4, false))),
    ...(Object.keys(oracles) as (keyof typeof oracles)[]).flatMap((oracle) =>
      row(oracle, oracleScores(judgedScores(store, seeds), radiiOf, oracle)),
    ),
  ]
}

function gainOf(
  store: CellStore,
  seeds: readonly number[],
  first: RecurrenceArm,
  second: RecurrenceArm,
  known: number,
): ReturnType<typeof pairedDifference> {
  const scores = (arm: RecurrenceArm) => networkScores(store, seeds, arm, 'federated', known)
  return pairedDifference(scores(first), scores(second), (one, at) => seedAuroc(one, 6, at))
}

function shortcutTable(store: CellStore, seeds: readonly number[]): string[] {
  return [
    'Share of pairs of scans that each source alone puts in the right order, by a logistic regression on differences (chance: 0.5). A source',
    'far above 0.5 is a clock that ordering may learn without seeing the lesion. That these heads grow is one of them;',
    'how much of the histogram’s is lesions that change was not told apart.',
    '',
    '| source | pair accuracy |',
    '| --- | --- |',
    ...auditedSources.map((source) => `| ${source} | ${spreadInWords(shortcutsOf(store, seeds, source))} |`),
    '',
    ...upgradeLines(store, seeds),
  ]
}

/** What the audit says of hospitals that replace their scanners, which it must see. */
function upgradeLines(store: CellStore, seeds: readonly number[]): string[] {
  return seeds.flatMap((seed) => {
    const result = store.find({ kind: 'upgrade', seed })?.result
    if (result?.kind !== 'upgrade') return []
    const audit = Object.entries(result.pairAccuracy).map(([name, value]) => `${name} ${three(value)}`)
    return [
      `Where every hospital replaces its scanner once in a child's history (seed ${seed}, a smaller cohort) the audit reads ${audit.join(', ')}.`,
      `A network trained there orders ${three(result.network.replaced)} of the pairs of such children and ${three(result.network.notReplaced)} of those of others: it takes`,
      'the replaced scanner for a clock where it can, although each scan is normalised by its own brain. Nothing in training prevents that.',
    ]
  })
}
