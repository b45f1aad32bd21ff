import { beforeAll, describe, expect, test } from 'vitest'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel, comparingModel } from '../../shared/model/testsupport/models.ts'
import { difference, l2Norm } from '../../shared/weights/arithmetic.ts'
import { parameterViews, type Weights } from '../../shared/weights/weights.ts'
import { loadEngine, type Tf } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { type ToyChildren, toyChildren } from './testsupport/toy-children.ts'
import { train } from './train.ts'
import type { TrainingJob } from './trainer.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const toy = toyChildren([3, 2, 4])

const jobFor = (
  task: 'ordering' | 'recurrence',
  { children }: ToyChildren,
  changes: Partial<TrainingJob> = {},
): TrainingJob => ({
  model: binaryModel,
  stage: {
    task,
    rounds: 10,
    localEpochs: 1,
    batchChildren: 2,
    learningRate: 3e-3,
    schedule: 'cosine',
    warmupRounds: 0,
    ...(task === 'recurrence' && { horizonDays: 365 }),
  } as TrainingJob['stage'],
  training: { optimizer: 'adamw', weightDecay: 0.01, clipNorm: 1, proximal: 0 },
  round: 0,
  weights: initialWeights(binaryModel, 1),
  children,
  seed: 'seed',
  ...changes,
})

const networks = [
  { network: 'tiny', model: binaryModel },
  { network: 'one that compares pictures', model: comparingModel },
] as const
const tasks = (['ordering', 'recurrence'] as const).flatMap((task) => networks.map((of) => ({ task, ...of })))

describe.each(tasks)('training $network for $task', ({ task, model }) => {
  const jobOf = (of: ToyChildren, changes: Partial<TrainingJob> = {}): TrainingJob =>
    jobFor(task, of, { model, weights: initialWeights(model, 1), ...changes })

  test('gives the same weights to the last bit for the same job, others for another seed, and leaves its input alone', () => {
    const job = jobOf(toy)
    const before = job.weights.values.slice()
    const [first, again] = [train(tf, toy.volumes, job), train(tf, toy.volumes, job)]
    expect(again).toEqual(first)
    expect(job.weights.values).toEqual(before)
    expect(train(tf, toy.volumes, { ...job, seed: 'other' }).weights.values).not.toEqual(first.weights.values)
  })

  test('changes every parameter of its task, and those of heads it does not train not at all', () => {
    const job = jobOf(toy)
    const changed = changedParameters(job.weights, train(tf, toy.volumes, job).weights)
    const left = task === 'ordering' ? ['head.risk'] : ['head.maxima', 'head.pair', 'head.sequence']
    for (const { name } of job.weights.manifest) {
      expect([name, changed.has(name)]).toEqual([name, !left.some((head) => name.startsWith(`${head}.`))])
    }
  })

  test('goes less far from where the round began, the heavier the proximal term of FedProx', () => {
    const job = jobOf(toy)
    const stage = { ...job.stage, localEpochs: 4 }
    const distances = [0, 1, 100].map((proximal) => {
      const { weights } = train(tf, toy.volumes, { ...job, stage, training: { ...job.training, proximal } })
      return l2Norm(difference(weights, job.weights).values)
    })
    const [free = 0, held = 0, tight = 0] = distances
    expect(held).toBeLessThan(free)
    expect(tight).toBeLessThan(0.8 * held)
  })

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors
    train(tf, toy.volumes, jobOf(toy))
    expect(tf.memory().numTensors).toBe(before)
  })

  test('says cohort_empty when the training fold has nobody for the task', () => {
    const unusable = toy.children.map((child) => ({
      ...child,
      scans: child.scans.slice(0, 1).map((scan) => ({ ...scan, followUp: null })),
    }))
    for (const children of [unusable, toy.children.map((child) => ({ ...child, fold: 'validation' as const }))]) {
      expect(() => train(tf, toy.volumes, jobOf(toy, { children }))).toThrow(
        expect.objectContaining({ code: 'cohort_empty' }),
      )
    }
  })

  test('says not_finite when it diverges, be it in its last step', () => {
    const job = jobOf(toy)
    for (const batchChildren of [1, 3]) {
      const stage = { ...job.stage, learningRate: 1e39, batchChildren }
      const before = tf.memory().numTensors
      expect(() => train(tf, toy.volumes, { ...job, stage })).toThrow(expect.objectContaining({ code: 'not_finite' }))
      expect(tf.memory().numTensors).toBe(before)
    }
  })

  test('stops when it is called off', () => {
    const signal = AbortSignal.abort()
    expect(() => train(tf, toy.volumes, jobOf(toy), { signal })).toThrow(expect.objectContaining({ code: 'cancelled' }))
  })
})

describe('training', () => {
  test('counts its usable children and steps, and tells each step', () => {
    const job = jobFor('ordering', toy)
    const told: number[] = []
    const stage = { ...job.stage, localEpochs: 2 }
    const result = train(tf, toy.volumes, { ...job, stage }, { onProgress: ({ step }) => told.push(step) })
    expect(result).toMatchObject({ children: 3, steps: 4 })
    expect(told).toEqual([1, 2, 3, 4])
  })

  test.each([
    ...networks,
    { network: 'one with attention and an LSTM', model: { ...binaryModel, temporal: 'attention-lstm' } as const },
  ])('goes on where every child of a batch is shown a single scan: $network', ({ model }) => {
    const single = toyChildren([1, 1])
    const job = jobFor('recurrence', single, { model, weights: initialWeights(model, 1) })
    expect(changedParameters(job.weights, train(tf, single.volumes, job).weights)).toContain('encoder.block1.kernel')
  })

  test('moves the encoder at its own rate, where the stage gives one', () => {
    const job = jobFor('recurrence', toy)
    const stage = { ...job.stage, encoderLearningRate: 1e-30 } as TrainingJob['stage']
    const training = { ...job.training, weightDecay: 0 }
    const changed = changedParameters(job.weights, train(tf, toy.volumes, { ...job, stage, training }).weights)
    expect([...changed].filter((name) => name.startsWith('encoder.') && !name.endsWith('.shift'))).toEqual([])
    expect(changed).toContain('head.risk.kernel')
  })

  test.each([
    ['pairs', ['head.pair.kernel']],
    ['sequences', ['head.sequence.kernel', 'sequence.gru.hiddenKernel', 'sequence.norm.scale']],
    ['maxima', ['head.maxima.kernel']],
  ])('leaves what only the loss of %s trains alone when that loss counts nothing', (loss, left) => {
    const job = jobFor('ordering', toy)
    const losses = { pairs: 1, sequences: 1, maxima: 1.5, [loss]: 0 }
    const stage = { ...job.stage, losses } as TrainingJob['stage']
    const changed = changedParameters(job.weights, train(tf, toy.volumes, { ...job, stage }).weights)
    expect(left.filter((name) => changed.has(name))).toEqual([])
    expect(changed).toContain('encoder.block1.kernel')
  })

  test('learns the order of scans whose spot grows', () => {
    const learning = toyChildren([4, 4, 4, 4, 4, 4])
    const unseen = toyChildren([5, 5, 5], 'validation', 'unseen')
    let weights = initialWeights(binaryModel, 1)
    for (let round = 0; round < 6; round++) {
      const job = jobFor('ordering', learning, { weights, round, seed: `round ${round}` })
      weights = train(tf, learning.volumes, job).weights
    }
    const metrics = evaluate(tf, unseen.volumes, jobFor('ordering', unseen, { weights }))
    const pairs = metrics.find(({ name }) => name === 'pair_accuracy')
    expect(pairs?.count).toBe(30)
    expect((pairs?.sum ?? 0) / 30).toBeGreaterThan(0.9)
  })
})

function changedParameters(before: Weights, after: Weights): Set<string> {
  const [old, now] = [parameterViews(before), parameterViews(after)]
  const names = before.manifest.map(({ name }) => name)
  return new Set(names.filter((name) => now.get(name)?.some((value, i) => value !== old.get(name)?.[i])))
}
