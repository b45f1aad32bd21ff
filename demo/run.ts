// The demo from nothing to a report: hospitals, a federation that trains, arms to compare it with, figures on children that
// no hospital has. Everything goes through the programs and the pipeline that a real consortium would use.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunStatus } from '../coordinator/status.ts'
import { ensureEngine } from '../deploy/engine/ensure-engine.ts'
import { type Digest, sha256 } from '../shared/digest.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { parseStudy, type StudyFile } from '../shared/study/study.ts'
import { programVersion } from '../shared/version.ts'
import { decodeSafetensors, encodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { bytesSentIn, deliveriesIn, readEgress } from '../site-agent/egress-record.ts'
import { createWorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { compareOnTestChildren } from './comparison.ts'
import { type DemoFederation, runOf, startFederation } from './federation.ts'
import { type Hospitals, writeHospitals } from './hospitals/hospitals.ts'
import type { DemoOptions } from './options.ts'
import type { Phases } from './phases.ts'
import { programs, runCommand } from './programs.ts'
import { type EgressReport, type Report, type StageReport, statement } from './report/report.ts'
import { studyTextOf } from './study-text.ts'

/** How often the demo asks the coordinator how far it is. */
const pollMs = 500

/** The federation as it stood at its end, with what the report needs of it. */
interface TrainedFederation {
  readonly stages: readonly StageReport[]
  readonly egress: Readonly<Record<string, EgressReport>>
  readonly weightsFile: string
  readonly weightsDigest: Digest
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
  const study = parseStudy(studyTextOf(options, true))
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
  if (study.study.evaluation !== undefined) await evaluateFederation(options, phases, federation, study)
  const final = await exported('weights.safetensors')
  return {
    stages: study.study.stages.map(({ task }, index): StageReport => {
      const rounds = run.rounds.filter((round) => round.stage === index)
      return { task, rounds, weightsDigest: rounds.at(-1)?.weightsDigest ?? '' }
    }),
    egress: await egressOf(federation),
    weightsFile: join(options.outFolder, 'weights.safetensors'),
    weightsDigest: sha256(encodeSafetensors(final)),
    final,
    afterOrdering,
  }
}

/** Waits for the passes of the evaluation and writes its report. */
async function evaluateFederation(
  options: DemoOptions,
  phases: Phases,
  { coordinator }: DemoFederation,
  { digest }: StudyFile,
): Promise<void> {
  const out = join(options.outFolder, 'evaluation')
  const args = ['--home', coordinator.folder, 'evaluate', digest, '--out', out]
  await phases.run('federated: evaluation', () => runCommand(programs.coordinator, args))
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
    if (published.length >= total || hasLeft(run, stage)) return
    const { promise: later, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => resolve(undefined), pollMs)
    const failure = await Promise.race([later, federation.failed])
    clearTimeout(timer)
    if (failure !== undefined) throw new SequelaError('internal', failure)
  }
}

/** Whether the run is past a stage, which may end before its last round (`earlyStop`). */
function hasLeft(run: RunStatus | undefined, stage: number): boolean {
  return run !== undefined && (run.phase === 'finished' || run.rounds.some((round) => round.stage > stage))
}

async function egressOf(federation: DemoFederation): Promise<Record<string, EgressReport>> {
  const reports: Record<string, EgressReport> = {}
  for (const [site, home] of federation.sites) {
    const records = await readEgress(home.egressFile)
    const sealed = records.filter((record) => record.kind === 'update-sealed')
    reports[site] = {
      ...deliveriesIn(records),
      bytes: bytesSentIn(records),
      metricSums: sealed.reduce((sum, record) => sum + record.metrics.length, 0),
      withheldMetrics: sealed.reduce((sum, record) => sum + record.withheld.length, 0),
      declined: records.filter((record) => record.kind === 'declined').length,
    }
  }
  return reports
}
