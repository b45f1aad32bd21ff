import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { initialWeights } from '../../shared/model/parameters.ts'
import { presets } from '../../shared/model/presets.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { loadEngine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { scoreChildren } from './score.ts'
import { toyChildren, writtenTo } from './testsupport/toy-children.ts'
import { train } from './train.ts'
import type { TrainingJob } from './trainer.ts'
import { createVolumes } from './volumes.ts'
import { createWorkerTrainer, type WorkerTrainer, type WorkerTrainerOptions } from './worker-trainer.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-worker-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const open: WorkerTrainer[] = []
const trainerOf = (options: Partial<WorkerTrainerOptions> = {}): WorkerTrainer => {
  const trainer = createWorkerTrainer({ threads: 1, ...options })
  open.push(trainer)
  return trainer
}
afterEach(() => Promise.all(open.splice(0).map((trainer) => trainer.close())))

let job: TrainingJob
beforeAll(() => {
  const children = [
    ...writtenTo(folder, toyChildren([3, 2, 4])),
    ...writtenTo(folder, toyChildren([3, 3], 'validation', 'held back')),
  ]
  job = {
    model: binaryModel,
    stage: {
      task: 'ordering',
      rounds: 10,
      localEpochs: 2,
      batchChildren: 2,
      learningRate: 3e-3,
      schedule: 'cosine',
      warmupRounds: 0,
    },
    training: { optimizer: 'adamw', weightDecay: 0.01, clipNorm: 1, proximal: 0 },
    round: 0,
    weights: initialWeights(binaryModel, 1),
    children,
    seed: 'seed',
  }
})

describe('a trainer in a process of its own', () => {
  test('comes to the same bits, sums and scores as the same jobs in this process, and tells each step', async () => {
    const { tf } = await loadEngine({ threads: 1 })
    const volumes = createVolumes({ kind: 'volumes', grid: presets.tiny.grid, sequences: 1 })
    const trainer = trainerOf()
    const steps: number[] = []
    const result = await trainer.train(job, { onProgress: ({ step }) => steps.push(step) })
    expect(result).toEqual(train(tf, volumes, job))
    expect(steps).toEqual([1, 2, 3, 4])
    expect(await trainer.evaluate(job)).toEqual(evaluate(tf, volumes, job))
    const scoring = {
      model: binaryModel,
      horizonDays: 365,
      weights: result.weights,
      children: job.children,
      seed: 's',
    } as const
    expect(await trainer.score(scoring)).toEqual(scoreChildren(tf, volumes, scoring))
  })

  test('passes a refusal on with its code, and works on', async () => {
    const trainer = trainerOf()
    await expect(trainer.train({ ...job, children: [] })).rejects.toMatchObject({ code: 'cohort_empty' })
    await expect(trainer.evaluate({ ...job, children: [] })).resolves.toEqual([])
  })

  test('says training_failed when a volume has another size than the grid', async () => {
    const file = join(folder, 'short.f32')
    writeFileSync(file, new Uint8Array(8))
    const children = job.children.map((child) => ({ ...child, scans: child.scans.map((scan) => ({ ...scan, file })) }))
    await expect(trainerOf().train({ ...job, children })).rejects.toMatchObject({
      code: 'training_failed',
      message: expect.stringContaining('8 bytes'),
    })
  })
})

test('a training process ends with an agent that is killed, in the middle of its job', async () => {
  const agent = fork(join(import.meta.dirname, 'testsupport', 'train-and-tell.ts'), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  // The training process writes its errors to the same pipe, which closes when both have ended.
  agent.stderr?.resume()
  const allEnded = once(agent, 'close')
  agent.send({ ...job, stage: { ...job.stage, localEpochs: 10_000 } })
  await once(agent, 'message')
  agent.kill('SIGKILL')
  expect(await allEnded).toEqual([null, 'SIGKILL'])
})

describe('a training process that goes wrong', () => {
  /** A program that answers evaluations, and does `whenTraining` when told to train. */
  const program = (name: string, whenTraining: string): URL => {
    const file = join(folder, `${name}.mjs`)
    writeFileSync(
      file,
      `process.on('disconnect', () => process.exit(0))
       process.on('message', ({ kind }) => {
         if (kind === 'evaluate') process.send({ kind: 'evaluated', metrics: [] })
         else { ${whenTraining} }
       })`,
    )
    return pathToFileURL(file)
  }

  test('and ends fails its job with the way it ended; the next job gets a fresh process', async () => {
    const trainer = trainerOf({ program: program('exits', 'process.exit(3)') })
    const [failed, next] = await Promise.allSettled([trainer.train(job), trainer.evaluate(job)])
    expect(failed).toMatchObject({ reason: { code: 'training_failed', message: expect.stringContaining('status 3') } })
    expect(next).toMatchObject({ value: [] })
  })

  test('and is killed says by which signal', async () => {
    const trainer = trainerOf({ program: program('killed', "process.kill(process.pid, 'SIGKILL')") })
    await expect(trainer.train(job)).rejects.toMatchObject({
      code: 'training_failed',
      message: expect.stringContaining('SIGKILL'),
    })
  })

  test('and answers something else is an internal error', async () => {
    const trainer = trainerOf({ program: program('other', "process.send({ kind: 'evaluated', metrics: [] })") })
    await expect(trainer.train(job)).rejects.toMatchObject({ code: 'internal' })
  })

  test('and is called off ends at once; a job right behind it gets a fresh process', async () => {
    const working = "process.send({ kind: 'progress', progress: { step: 1, steps: 2 } })"
    const trainer = trainerOf({ program: program('works', working) })
    const controller = new AbortController()
    const calledOff = trainer.train(job, { signal: controller.signal, onProgress: () => controller.abort() })
    const next = trainer.evaluate(job)
    await expect(calledOff).rejects.toMatchObject({ code: 'cancelled' })
    await expect(next).resolves.toEqual([])
  })

  test('is not even asked when the job was called off before', async () => {
    const trainer = trainerOf({ program: program('unasked', 'process.exit(3)') })
    await expect(trainer.train(job, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('ends with its trainer, which calls off the job at hand and those behind it', async () => {
    const working = "process.send({ kind: 'progress', progress: { step: 1, steps: 2 } })"
    const trainer = trainerOf({ program: program('closed', working) })
    const started = Promise.withResolvers<void>()
    const jobs = Promise.allSettled([
      trainer.train(job, { onProgress: () => started.resolve() }),
      trainer.evaluate(job),
    ])
    await started.promise
    await trainer.close()
    for (const outcome of await jobs) expect(outcome).toMatchObject({ reason: { code: 'cancelled' } })
    await trainer.close()
  })
})
