// Cells that train the network: ordering, recurrence, and both without one site. Rounds, averaging and training are the product's
// own (demo/arms.ts); here is only what each arm starts from and is shown.

import { trainArm } from '../demo/arms.ts'
import { withShuffledScans } from '../demo/controls.ts'
import { orderingAccuracy } from '../demo/report/figures.ts'
import type { ModelSpec } from '../shared/model/model-spec.ts'
import { initialWeights } from '../shared/model/parameters.ts'
import { modelOf } from '../shared/study/model-of.ts'
import type { Study } from '../shared/study/study.ts'
import { parameterViews, type Weights } from '../shared/weights/weights.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'
import type { WorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { withBalancedOutcomes, withMixedVisits } from './balanced-outcomes.ts'
import { type Cell, type Permutation, pretrainingOf, type Setting, startsFromScratch, traitsOf } from './cell.ts'
import { type BenchmarkChild, type BenchmarkCohort, withKnownShare } from './cohort.ts'
import { histogramModel, histogramScale, withHistograms } from './histogram-arm.ts'
import { horizonDays, landmarksOf, lastLabel, singleScans } from './landmarks.ts'
import { orderByChange } from './lesion-change.ts'
import type { BenchmarkOptions } from './options.ts'
import type { CellResult, ModelScores, OrderingFigures } from './result.ts'
import { ridgeProbe } from './ridge-probe.ts'
import { shortcutAudit } from './shortcuts.ts'
import { benchmarkStudy } from './study-text.ts'

type Sites = ReadonlyMap<string, readonly BenchmarkChild[]>

export interface CellWork {
  readonly options: BenchmarkOptions
  readonly cohort: BenchmarkCohort
  readonly trainer: WorkerTrainer
  /** Weights that a dependency of the cell left, by who trained them. */
  readonly weightsOf: (by: string) => Weights
  readonly signal: AbortSignal
}

export interface CellOutcome {
  readonly result: CellResult
  readonly weights: ReadonlyMap<string, Weights>
}

/** Groups that train together, by the name their weights get. */
export function groupsOf(sites: Sites, setting: Setting): Map<string, Sites> {
  switch (setting) {
    case 'federated':
      return new Map([['all', sites]])
    case 'pooled':
      return new Map([['all', new Map([['pooled', [...sites.values()].flat()]])]])
    case 'local':
      return new Map([...sites].map(([site, children]) => [site, new Map([[site, children]])]))
  }
}

export async function trainOrdering(
  cell: Extract<Cell, { kind: 'ordering' }>,
  { options, cohort, trainer, signal }: CellWork,
): Promise<CellOutcome> {
  const study = studyOf(options, cohort, cell.seed, cell.variant, cell.variant)
  const figures: Record<string, OrderingFigures> = {}
  const weights = new Map<string, Weights>()
  for (const [by, group] of groupsOf(cohort.sites, cell.setting)) {
    const shown = traitsOf(cell.variant).isShuffled
      ? mapSites(group, (site, all) => withShuffledScans(all, `order/${cell.seed}/${site}`))
      : group
    const [trained] = await trainArm({ study, sites: shown, trainer, stages: [0], signal })
    if (trained === undefined) throw new Error('ordering left no weights')
    weights.set(by, trained)
    figures[by] = await orderingFigures(study, trainer, trained, cohort)
  }
  return { result: { kind: 'ordering', figures }, weights }
}

export async function trainRecurrence(
  cell: Extract<Cell, { kind: 'recurrence' }>,
  { options, cohort, trainer, weightsOf, signal }: CellWork,
): Promise<CellOutcome> {
  const study = studyOf(options, cohort, cell.seed, pretrainingOf(cell.arm), cell.arm)
  const shownCohort = cell.arm === 'histogram' ? histogramCohort(cohort) : cohort
  const model = cell.arm === 'histogram' ? histogramModel : modelOf(study)
  const models: Record<string, ModelScores> = {}
  const known = mapSites(shownCohort.sites, (_, all) => withKnownShare(all, cell.known))
  const { permutation } = cell
  const asked = permutation === undefined ? known : permuted(known, cell.seed, permutation)
  const shown = cell.arm === 'single-scan' ? mapSites(asked, (_, all) => singleScans(all)) : asked
  for (const [by, group] of groupsOf(shown, cell.setting)) {
    const ownWeights = new Map<string, Weights>()
    const [trained] = await trainArm({
      ...{ study, sites: group, trainer, model, stages: [1], ownWeights, signal },
      ...(!startsFromScratch(cell.arm) && {
        from:
          permutation === undefined
            ? fitted(weightsOf(by), model, cell.seed)
            : withOwnHead(weightsOf(by), model, cell.seed, permutation),
      }),
    })
    if (trained === undefined) throw new Error('recurrence left no weights')
    const left = ownWeights.size > 0 ? ownWeights : new Map([[by, trained]])
    for (const [of, weights] of left)
      models[of] = await modelScores(study, trainer, { model, weights }, shownCohort, known)
  }
  return { result: { kind: 'recurrence', labels: cohort.test.map(lastLabel), models }, weights: new Map() }
}

const riskHead = 'head.risk.'

/** Weights of ordering for a network with other or larger heads: what fits is taken over, the rest begins as it always does. */
function fitted(from: Weights, model: ModelSpec, seed: number): Weights {
  return takenOver(from, initialWeights(model, seed), () => true)
}

/**
 * The same with a risk head of the permutation's own. Ordering leaves that head as it began, and where nothing is to be learnt it would
 * give all permutations of a seed one direction.
 */
function withOwnHead(from: Weights, model: ModelSpec, seed: number, { number }: Permutation): Weights {
  return takenOver(from, initialWeights(model, 1000 * seed + number), (name) => !name.startsWith(riskHead))
}

function takenOver(from: Weights, into: Weights, isTaken: (name: string) => boolean): Weights {
  const known = parameterViews(from)
  for (const [name, values] of parameterViews(into)) {
    const old = known.get(name)
    if (old?.length === values.length && isTaken(name)) values.set(old)
  }
  return into
}

function histogramCohort({ sites, test }: BenchmarkCohort): BenchmarkCohort {
  const scale = histogramScale([...sites.values()].flat().filter(({ fold }) => fold === 'train'))
  return { sites: mapSites(sites, (_, all) => withHistograms(all, scale)), test: withHistograms(test, scale) }
}

export async function trainLeftOut(
  cell: Extract<Cell, { kind: 'left-out' }>,
  { options, cohort, trainer, signal }: CellWork,
): Promise<CellOutcome> {
  const sites = new Map([...cohort.sites].filter(([site]) => site !== cell.site))
  const study = studyOf(options, { ...cohort, sites }, cell.seed, 'order', 'order')
  const trained = (await trainArm({ study, sites, trainer, signal })).at(-1)
  if (trained === undefined) throw new Error('training left no weights')
  const rows = landmarksOf(cohort.sites.get(cell.site) ?? [])
  const scores = await score(
    study,
    trainer,
    { model: modelOf(study), weights: trained },
    rows.map(({ child }) => child),
  )
  const landmarks = rows.map(({ visits, label }, i) => ({
    visits,
    label,
    logit: scores[i]?.riskLogits.at(-1) ?? Number.NaN,
  }))
  return { result: { kind: 'left-out', landmarks }, weights: new Map() }
}

/** Trains nothing: asks the network that ordering left. */
export async function askLesionChange(
  cell: Extract<Cell, { kind: 'lesion-change' }>,
  { options, cohort, trainer, weightsOf }: CellWork,
): Promise<CellOutcome> {
  const study = studyOf(options, cohort, cell.seed, 'order', 'order')
  const scores = await score(study, trainer, { model: modelOf(study), weights: weightsOf('all') }, cohort.test)
  const progression = scores.map(({ pairScores }) => pairScores)
  return { result: { kind: 'lesion-change', pairs: orderByChange(cohort.test, progression) }, weights: new Map() }
}

/** @param plain the seed's cohort without replaced scanners, to test on */
export async function trainUpgraded(
  cell: Extract<Cell, { kind: 'upgrade' }>,
  { options, cohort, trainer, signal }: CellWork,
  plain: BenchmarkCohort,
): Promise<CellOutcome> {
  const study = studyOf(options, cohort, cell.seed, 'order', 'order')
  const [trained] = await trainArm({ study, sites: cohort.sites, trainer, stages: [0], signal })
  if (trained === undefined) throw new Error('ordering left no weights')
  const accuracy = async (children: readonly BenchmarkChild[]): Promise<number> =>
    orderingAccuracy(await score(study, trainer, { model: modelOf(study), weights: trained }, children)).pairs ??
    Number.NaN
  const network = { replaced: await accuracy(cohort.test), notReplaced: await accuracy(plain.test) }
  return { result: { kind: 'upgrade', pairAccuracy: shortcutAudit(cohort), network }, weights: new Map() }
}

function studyOf(
  options: BenchmarkOptions,
  cohort: BenchmarkCohort,
  seed: number,
  variant: Parameters<typeof benchmarkStudy>[0]['variant'],
  arm: Parameters<typeof benchmarkStudy>[0]['arm'],
): Study {
  return benchmarkStudy({ ...options, seed, sites: [...cohort.sites.keys()], variant, arm })
}

/** Outcomes change places among the children that have one. */
function permuted(sites: Sites, seed: number, permutation: Permutation): Sites {
  const isKnown = ({ outcome }: BenchmarkChild): boolean => outcome !== undefined
  const known = mapSites(sites, (_, all) => all.filter(isKnown))
  const changed = permutation.mixesVisits
    ? withMixedVisits(known, `visits/${seed}`, permutation)
    : mapSites(known, (site, all) => withBalancedOutcomes(all, `outcomes/${seed}/${site}`, permutation))
  return mapSites(sites, (site, all) => [...(changed.get(site) ?? []), ...all.filter((child) => !isKnown(child))])
}

async function orderingFigures(
  study: Study,
  trainer: WorkerTrainer,
  weights: Weights,
  { sites, test }: BenchmarkCohort,
): Promise<OrderingFigures> {
  const scores = await score(study, trainer, { model: modelOf(study), weights }, test)
  const { pairs, farPairs, sequenceAuroc } = orderingAccuracy(scores)
  const rowsOf = async (children: readonly BenchmarkChild[]) => {
    const embedded = await trainer.embed({ model: modelOf(study), weights, children })
    return embedded.flatMap((scans, c) => scans.map((x, s) => ({ x, y: children[c]?.radiiMm[s] ?? 0 })))
  }
  return {
    pairAccuracy: pairs ?? Number.NaN,
    pairAccuracyFar: farPairs ?? Number.NaN,
    sequenceAuroc: sequenceAuroc ?? Number.NaN,
    lesionProbe: ridgeProbe(await rowsOf([...sites.values()].flat()), await rowsOf(test)),
  }
}

async function modelScores(
  study: Study,
  trainer: WorkerTrainer,
  network: Network,
  { test }: BenchmarkCohort,
  sites: Sites,
): Promise<ModelScores> {
  const rows = landmarksOf([...sites.values()].flat().filter(({ fold }) => fold === 'validation'))
  const ofTest = await score(study, trainer, network, test)
  const ofRows = await score(
    study,
    trainer,
    network,
    rows.map(({ child }) => child),
  )
  return {
    logits: ofTest.map(({ riskLogits }) => riskLogits),
    validation: rows.map(({ label, visits }, i) => ({
      visits,
      label,
      logit: ofRows[i]?.riskLogits.at(-1) ?? Number.NaN,
    })),
  }
}

interface Network {
  readonly model: ModelSpec
  readonly weights: Weights
}

function score(study: Study, trainer: WorkerTrainer, network: Network, children: readonly PreparedChild[]) {
  return trainer.score({ ...network, horizonDays, children, seed: String(study.seed) })
}

function mapSites(
  sites: Sites,
  change: (site: string, children: readonly BenchmarkChild[]) => readonly BenchmarkChild[],
): Sites {
  return new Map([...sites].map(([site, children]) => [site, change(site, children)]))
}
