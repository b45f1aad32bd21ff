import { beforeAll, expect, test } from 'vitest'
import { emptyChart } from '../../shared/cohort/chart.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine, type Tf } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { train } from './train.ts'
import type { PreparedChild, TrainingJob } from './trainer.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const model: ModelSpec = {
  ...{ preset: 'embeddings', features: 3, head: 'binary', timeInput: 'none', clinical: false },
  sequences: 2,
}

test('a model of arrays learns the order of visits from them, and from the sequences that are there', () => {
  const random = seededRandom('features')
  const kept = new Map<string, Float32Array>()
  const children = Array.from({ length: 60 }, (_, c): PreparedChild => {
    const scans = Array.from({ length: 4 }, (_, visit) => {
      const file = `${c}/${visit}`
      // The clock is the second feature of the second sequence, which every third visit lacks; the rest is noise.
      const values = Float32Array.from({ length: 6 }, () => random.normal())
      values[4] = visit + 0.3 * random.normal()
      if ((c + visit) % 3 === 0) values.fill(0, 3)
      kept.set(file, values)
      return { file, day: 90 * visit, followUp: null, scanner: undefined }
    })
    return { key: `${c}`, fold: c < 40 ? 'train' : 'validation', scans, outcome: undefined, chart: emptyChart }
  })
  const volumes = { get: (file: string) => kept.get(file) ?? new Float32Array() }
  const job: TrainingJob = {
    model,
    stage: {
      ...{ task: 'ordering', rounds: 1, localEpochs: 12, batchChildren: 4 },
      ...{ learningRate: 3e-3, schedule: 'constant', warmupRounds: 0 },
    },
    training: { optimizer: 'adamw', weightDecay: 0.01, clipNorm: 1, proximal: 0 },
    ...{ round: 0, weights: initialWeights(model, 1), children, seed: 'features' },
  }
  const accuracyOf = (weights: TrainingJob['weights']): number => {
    const found = evaluate(tf, volumes, { ...job, weights }).find(({ name }) => name === 'pair_accuracy')
    return (found?.sum ?? 0) / (found?.count ?? 1)
  }
  const before = tf.memory().numTensors
  expect(accuracyOf(job.weights)).toBeLessThan(0.65)
  // Pairs of two visits that both have the clock are a half; the others are a guess, a little better than even.
  expect(accuracyOf(train(tf, volumes, job).weights)).toBeGreaterThan(0.7)
  expect(tf.memory().numTensors).toBe(before)
})
