// The demo from nothing to a report: hospitals, a federation that trains, arms to compare it with, figures on children that
// no hospital has. Everything goes through the programs and the pipeline that a real consortium would use.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureEngine } from '../deploy/engine/ensure-engine.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { parseStudy, type StudyFile } from '../shared/study/study.ts'
import { programVersion } from '../shared/version.ts'
import { decodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { bytesSentIn, readEgress } from '../site-agent/egress.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'
import { createWorkerTrainer, type WorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { trainArm } from './arms.ts'
import { runControls } from './controls.ts'
import { type DemoFederation, runOf, startFederation } from './federation.ts'
import { type Hospitals, writeHospitals } from './hospitals/hospitals.ts'
import type { DemoOptions } from './options.ts'
import type { Phases } from './phases.ts'
import { programs, runCommand } from './programs.ts'
import { type ChildScores, pairedAurocDifference, type TestFigures, testFigures } from './report/figures.ts'
import { type EgressReport, type Report, type StageReport, statement } from './report/report.ts'
import { demoStudyText } from './study-text.ts'
import { preparedChildren, scoreTestChildren, upToLandmark } from './test-children.ts'
import { inParallel } from './work-queue.ts'

/** How often the demo asks the coordinator how far it is. */
const pollMs = 500

/** The federation as it stood at its end, with what the report needs of it. */
interface TrainedFederation {
  readonly stages: readonly StageReport[]
  readonly egress: Readonly<Record<string, EgressReport>>
  readonly weightsFile: string
  readonly weightsDigest: string
  readonly final: Weights
  readonly afterOrdering: Weights
}

/** Runs the demo and writes its report beside everything else. */
export async function runDemo(
  options: DemoOptions,
  phases: Phases,
  signal: AbortSignal,
): Promise<{ readonly report: Report; readonly federation: DemoFederation }> {
  const { outFolder: out } = options
  mkdirSync(out, { recursive: true })
  const engine = await phases.run('training engine', () => ensureEngine({ onProgress: phases.say }))
  const hospitals = await makeHospitals(options, phases)
  const study = parseStudy(studyText(options, true))
  const studyFile = join(out, 'study.yaml')
  writeFileSync(studyFile, study.text)

  const federation = await phases.run('coordinator and enrolment', () =>
    startFederation({ folder: out, sites: hospitals.sites, say: phases.say }),
  )
  try {
    const trained = await trainFederation(options, phases, federation, study, studyFile, signal)
    if (!options.keep) await federation.stop()
    const trainers = [createWorkerTrainer({ threads: 1 }), createWorkerTrainer({ threads: 1 })]
    try {
      const test = await compareOnTestChildren(options, phases, {
        hospitals,
        study,
        trained,
        trainers,
        federation,
        signal,
      })
      const report: Report = {
        statement,
        seed: options.seed,
        sites: options.sites,
        childrenPerSite: options.childrenPerSite,
        stages: trained.stages,
        ...test,
        egress: trained.egress,
        timings: phases.timings(),
        versions: { sequela: programVersion, node: process.versions.node, tensorflow: engine.tensorflow },
        weights: { file: trained.weightsFile, digest: trained.weightsDigest },
      }
      return { report, federation }
    } finally {
      await Promise.all(trainers.map((trainer) => trainer.close()))
    }
  } catch (error) {
    await federation.stop()
    throw error
  }
}

function makeHospitals(options: DemoOptions, phases: Phases): Promise<Hospitals> {
  // The number of scans is drawn; the bar counts in hundredths.
  return phases.withBar('painting hospitals', 100, (bar) =>
    writeHospitals({
      outDir: options.outFolder,
      seed: options.seed,
      sites: options.sites,
      childrenPerSite: options.childrenPerSite,
      testChildren: options.testChildren,
      onProgress: ({ scansDone, scansTotal, bytes }) =>
        bar.update(
          (100 * scansDone) / scansTotal,
          `${scansDone} of ${scansTotal} scans, ${(bytes / 1e6).toFixed(0)} MB`,
        ),
    }),
  )
}

async function trainFederation(
  options: DemoOptions,
  phases: Phases,
  federation: DemoFederation,
  study: StudyFile,
  studyFile: string,
  signal: AbortSignal,
): Promise<TrainedFederation> {
  await phases.run('approval', () => federation.start(studyFile, study.digest))
  for (const [index, stage] of study.study.stages.entries()) {
    await phases.withBar(`federated: ${stage.task}`, stage.rounds, (bar) =>
      watchStage(federation, study, index, bar, signal),
    )
  }
  const run = runOf(await federation.status(), study.digest)
  if (run === undefined) throw new SequelaError('study_unknown', 'the coordinator lost the study of the demo')
  const exported = async (name: string, ...stage: string[]): Promise<Weights> => {
    const file = join(options.outFolder, name)
    await runCommand(programs.coordinator, [
      '--home',
      federation.coordinator.folder,
      'export',
      study.digest,
      '--out',
      file,
      ...stage,
    ])
    return decodeSafetensors(readFileSync(file))
  }
  const afterOrdering = await exported('weights-after-ordering.safetensors', '--stage', '1')
  const final = await exported('weights.safetensors')
  return {
    stages: study.study.stages.map(({ task }, index): StageReport => {
      const rounds = run.rounds.filter((round) => round.stage === index)
      return { task, rounds, weightsDigest: rounds.at(-1)?.weightsDigest ?? '' }
    }),
    egress: await egressOf(federation),
    weightsFile: join(options.outFolder, 'weights.safetensors'),
    weightsDigest: run.weightsDigest ?? '',
    final,
    afterOrdering,
  }
}

/** Follows a stage until its last round is published. @throws SequelaError when a process of the federation ends. */
async function watchStage(
  federation: DemoFederation,
  { study, digest }: StudyFile,
  stage: number,
  bar: { update(done: number, note?: string): void },
  signal: AbortSignal,
): Promise<void> {
  const total = study.stages[stage]?.rounds ?? 0
  for (;;) {
    if (signal.aborted) throw new SequelaError('cancelled', 'stopped')
    const run = runOf(await federation.status(), digest)
    const published = run?.rounds.filter((round) => round.stage === stage && round.state === 'published') ?? []
    const metrics = published.at(-1)?.metrics ?? []
    const shown = metrics.filter(({ count }) => count > 0).slice(0, 2)
    bar.update(
      published.length,
      shown.map(({ name, sum, count }) => `${name.replaceAll('_', ' ')} ${(sum / count).toFixed(2)}`).join(', '),
    )
    if (run?.phase === 'cancelled') throw new SequelaError('study_state', 'the study was cancelled')
    if (published.length >= total) return
    const { promise: later, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => resolve(undefined), pollMs)
    const failure = await Promise.race([later, federation.failed])
    clearTimeout(timer)
    if (failure !== undefined) throw new SequelaError('internal', failure)
  }
}

async function egressOf(federation: DemoFederation): Promise<Record<string, EgressReport>> {
  const reports: Record<string, EgressReport> = {}
  for (const [site, home] of federation.sites) {
    const records = await readEgress(home.egressFile)
    const sealed = records.filter((record) => record.kind === 'update-sealed')
    const delivered = records.filter((record) => record.kind === 'update-delivered')
    reports[site] = {
      updates: delivered.length,
      bytes: bytesSentIn(records),
      metricSums: sealed.reduce((sum, record) => sum + record.metrics.length, 0),
      withheldMetrics: sealed.reduce((sum, record) => sum + record.withheld.length, 0),
      declined: records.filter((record) => record.kind === 'declined').length,
    }
  }
  return reports
}

interface Comparison {
  readonly hospitals: Hospitals
  readonly study: StudyFile
  readonly trained: TrainedFederation
  readonly trainers: readonly WorkerTrainer[]
  readonly federation: DemoFederation
  readonly signal: AbortSignal
}

async function compareOnTestChildren(
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
  const children = upToLandmark(all)
  const sites = new Map<string, readonly PreparedChild[]>()
  for (const { name, folder } of hospitals.sites) {
    const siteFolder = federation.sites.get(name)?.folder ?? ''
    sites.set(name, await preparedChildren({ home: siteFolder, data: folder, site: name, study: study.study }))
  }

  const scratchStudy = parseStudy(studyText(options, false)).study
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

function studyText(options: DemoOptions, pretrained: boolean): string {
  return demoStudyText({
    sites: options.sites,
    seed: numberOf(options.seed),
    orderingRounds: options.orderingRounds,
    recurrenceRounds: options.recurrenceRounds,
    pretrained,
  })
}

/** A study's seed is a number; a text gives one by its letters. */
function numberOf(seed: string): number {
  if (/^\d{1,9}$/.test(seed)) return Number(seed)
  return [...seed].reduce((hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_000_007, 7)
}
