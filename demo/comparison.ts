// What the federation is compared with, on children that no hospital has: the same training from scratch, each site alone,
// and where asked for the controls.

import { join } from 'node:path'
import { parseStudy, type StudyFile } from '../shared/study/study.ts'
import type { Weights } from '../shared/weights/weights.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'
import type { WorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { trainArm } from './arms.ts'
import { runControls } from './controls.ts'
import type { DemoFederation } from './federation.ts'
import type { Hospitals } from './hospitals/hospitals.ts'
import type { DemoOptions } from './options.ts'
import type { Phases } from './phases.ts'
import { type ChildScores, pairedAurocDifference, type TestFigures, testFigures } from './report/figures.ts'
import type { Report } from './report/report.ts'
import { studyTextOf } from './study-text.ts'
import { preparedChildren, scoreTestChildren, upToLandmark } from './test-children.ts'
import { inParallel } from './work-queue.ts'

export interface Comparison {
  readonly hospitals: Hospitals
  readonly study: StudyFile
  /** Weights of the federation after its first stage and at its end. */
  readonly trained: { readonly afterOrdering: Weights; readonly final: Weights }
  readonly trainers: readonly WorkerTrainer[]
  readonly federation: DemoFederation
  readonly signal: AbortSignal
}

/** Trains the arms that the federation is compared with, and scores them all on the test children. */
export async function compareOnTestChildren(
  options: DemoOptions,
  phases: Phases,
  { hospitals, study, trained, trainers, federation, signal }: Comparison,
): Promise<Pick<Report, 'test' | 'controls'>> {
  const testFolder = hospitals.testFolder ?? ''
  const home = join(options.outFolder, 'test-home')
  const all = await phases.withBar('preparing test children', 100, (bar) =>
    preparedChildren({ home, data: testFolder, site: 'test', study: study.study }, (done, total) =>
      bar.update((100 * done) / total),
    ),
  )
  const children = upToLandmark(all, study.study)
  const sites = new Map<string, readonly PreparedChild[]>()
  for (const { name, folder } of hospitals.sites) {
    const siteFolder = federation.sites.get(name)?.folder ?? ''
    sites.set(name, await preparedChildren({ home: siteFolder, data: folder, site: name, study: study.study }))
  }

  const scratchStudy = parseStudy(studyTextOf(options, false)).study
  const roundsOf = (arm: typeof scratchStudy): number => arm.stages.reduce((sum, stage) => sum + stage.rounds, 0)
  const total = roundsOf(scratchStudy) * sites.size + roundsOf(study.study) * sites.size
  const arms = await phases.withBar('arms: from scratch, each site alone', total, async (bar) => {
    let done = 0
    const advance = (steps: number) => (): void => {
      done += steps
      bar.update(done)
    }
    const jobs = [
      async (trainer: WorkerTrainer): Promise<[string, readonly Weights[]]> => [
        'scratch',
        await trainArm({ study: scratchStudy, sites, trainer, onRound: advance(sites.size), signal }),
      ],
      ...[...sites].map(
        ([site, own]) =>
          async (trainer: WorkerTrainer): Promise<[string, readonly Weights[]]> => [
            site,
            await trainArm({ study: study.study, sites: new Map([[site, own]]), trainer, onRound: advance(1), signal }),
          ],
      ),
    ]
    return new Map(await inParallel(trainers, jobs))
  })

  const [trainer] = trainers
  if (trainer === undefined) throw new Error('there is no trainer')
  const score = (weights: Weights): Promise<readonly ChildScores[]> =>
    scoreTestChildren(trainer, study.study, weights, children)
  /** Fine-tuning changes the encoder, so order is scored with the weights that ended the first stage. */
  const scoreBoth = async (stages: readonly Weights[]): Promise<readonly ChildScores[]> => {
    const [first, last] = [stages[0], stages.at(-1)]
    if (first === undefined || last === undefined) throw new Error('an arm without a stage has no weights')
    const order = await score(first)
    return (await score(last)).map((one, i): ChildScores => ({ ...(order[i] ?? one), riskLogits: one.riskLogits }))
  }
  const test = await phases.run('scoring', async () => {
    const pretrained = await scoreBoth([trained.afterOrdering, trained.final])
    const scratch = await scoreBoth(arms.get('scratch') ?? [])
    const alone: Record<string, TestFigures> = {}
    for (const site of options.sites) alone[site] = testFigures(await scoreBoth(arms.get(site) ?? []), options.seed)
    const figures = testFigures(pretrained, options.seed)
    return {
      children: figures.children,
      events: figures.events,
      pretrained: figures,
      scratch: testFigures(scratch, options.seed),
      alone,
      pretrainedMinusScratch: pairedAurocDifference(pretrained, scratch, 5, options.seed),
    }
  })
  if (!options.controls) return { test }
  const controls = await runControls({
    study: study.study,
    sites,
    children,
    trainers,
    from: trained.afterOrdering,
    phases,
    signal,
  })
  return { test, controls }
}
