// Negative controls: what the same training finds where there is nothing to find. Outcomes are shuffled among the children of
// each site, or the order of each child's scans; several permutations, because single ones scatter.

import { seededRandom, shuffled } from '../shared/random.ts'
import type { Study } from '../shared/study/study.ts'
import type { Weights } from '../shared/weights/weights.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'
import type { WorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { trainArm } from './arms.ts'
import type { Phases } from './phases.ts'
import { testFigures } from './report/figures.ts'
import type { ControlsReport } from './report/report.ts'
import { scoreTestChildren } from './test-children.ts'
import { inParallel } from './work-queue.ts'

const permutations = 5

export interface ControlsOptions {
  readonly study: Study
  readonly sites: ReadonlyMap<string, readonly PreparedChild[]>
  /** Test children, up to their landmark, as they are. */
  readonly children: readonly PreparedChild[]
  readonly trainers: readonly WorkerTrainer[]
  /** Weights after ordering, from which the shuffled outcomes are learned. */
  readonly from: Weights
  readonly phases: Phases
  readonly signal: AbortSignal
}

/** Runs all permutations of both controls. */
export async function runControls(options: ControlsOptions): Promise<ControlsReport> {
  const { study, sites, children, trainers, phases, signal } = options
  const stageOf = (task: string): number => study.stages.findIndex((stage) => stage.task === task)
  const roundsOf = (stage: number): number => study.stages[stage]?.rounds ?? 0
  const [ordering, recurrence] = [stageOf('ordering'), stageOf('recurrence')]
  const total = permutations * (roundsOf(ordering) + roundsOf(recurrence))
  return phases.withBar('controls: shuffled outcomes and order', total, async (bar) => {
    let done = 0
    const onRound = (): void => bar.update(++done)
    const draws = Array.from({ length: permutations }, (_, draw) => draw)
    const outcomes = await inParallel(
      trainers,
      draws.map((draw) => async (trainer: WorkerTrainer) => {
        const changed = changedSites(sites, `outcomes/${study.seed}/${draw}`, withOthersOutcomes)
        const [weights = options.from] = await trainArm({
          study,
          sites: changed,
          trainer,
          from: options.from,
          stages: [recurrence],
          onRound,
          signal,
        })
        const scores = await scoreTestChildren(trainer, study, weights, children)
        return testFigures(scores, String(draw)).aurocByScans[5]?.value ?? null
      }),
    )
    const orders = await inParallel(
      trainers,
      draws.map((draw) => async (trainer: WorkerTrainer) => {
        const changed = changedSites(sites, `order/${study.seed}/${draw}`, withShuffledScans)
        const [weights = options.from] = await trainArm({
          study,
          sites: changed,
          trainer,
          stages: [ordering],
          onRound,
          signal,
        })
        const scores = await scoreTestChildren(trainer, study, weights, children)
        return testFigures(scores, String(draw)).pairAccuracy.value
      }),
    )
    return { shuffledOutcomes: outcomes, shuffledOrder: orders }
  })
}

type Change = (children: readonly PreparedChild[], seed: string) => readonly PreparedChild[]

function changedSites(
  sites: ReadonlyMap<string, readonly PreparedChild[]>,
  seed: string,
  change: Change,
): ReadonlyMap<string, readonly PreparedChild[]> {
  return new Map([...sites].map(([site, children]) => [site, change(children, `${seed}/${site}`)]))
}

/** Every child gets what followed the visits of another child of the site, as chance has it. */
export function withOthersOutcomes<Child extends PreparedChild>(children: readonly Child[], seed: string): Child[] {
  return withOutcomesOf(children, shuffled(children, seededRandom(seed)))
}

/** The first child gets what followed the visits of the first donor, one by one; where that one has fewer, nothing is known. */
export function withOutcomesOf<Child extends PreparedChild>(
  children: readonly Child[],
  donors: readonly PreparedChild[],
): Child[] {
  return children.map((child, i) => ({
    ...child,
    outcome: undefined,
    scans: child.scans.map((scan, visit) => ({ ...scan, followUp: donors[i]?.scans[visit]?.followUp ?? null })),
  }))
}

/** Every child's images change places; days and what followed them stay where they are. */
export function withShuffledScans<Child extends PreparedChild>(children: readonly Child[], seed: string): Child[] {
  return children.map((child) => {
    const images = shuffled(child.scans, seededRandom(`${seed}/${child.key}`))
    return { ...child, scans: child.scans.map((scan, i) => ({ ...scan, file: images[i]?.file ?? '' })) }
  })
}
