// Candidate: the site agent's own training, as its training process runs it: drawing and augmenting included. The outcome
// is the digest of the weights.

import { emptyChart } from '../../shared/cohort/chart.ts'
import { sha256 } from '../../shared/digest.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { imagePresets } from '../../shared/model/presets.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine } from '../../site-agent/learning/engine.ts'
import { train } from '../../site-agent/learning/train.ts'
import type { PreparedChild, TrainingJob } from '../../site-agent/learning/trainer.ts'
import { printMeasurement } from '../self-measured.ts'
import { taskOfThisProcess } from './task.ts'

const { preset, threads, children, scans, batches, epochs } = taskOfThisProcess()
const { tf } = await loadEngine({ threads })
const random = seededRandom('volumes')
const [depth, height, width] = imagePresets[preset].grid
const kept = new Map<string, Float32Array>()

const cohort = Array.from({ length: children * batches }, (_, c): PreparedChild => {
  const visits = Array.from({ length: scans }, (_, visit) => ({
    ...{ file: `${c}/${visit}`, day: 90 * visit },
    ...{ followUp: null, scanner: undefined },
  }))
  for (const { file } of visits) {
    kept.set(
      file,
      Float32Array.from({ length: depth * height * width }, () => random.normal()),
    )
  }
  return { key: `${c}`, fold: 'train', scans: visits, outcome: undefined, chart: emptyChart }
})
const volumes = { get: (file: string) => kept.get(file) ?? new Float32Array() }
const model = { ...binaryModel, preset }
const job = (localEpochs: number): TrainingJob => ({
  model,
  stage: {
    task: 'ordering',
    rounds: 1,
    localEpochs,
    batchChildren: children,
    learningRate: 3e-3,
    schedule: 'constant',
    warmupRounds: 0,
  },
  training: { optimizer: 'adamw', weightDecay: 0.01, clipNorm: 1, proximal: 0 },
  round: 0,
  weights: initialWeights(model, 1),
  children: cohort,
  seed: 'benchmark',
})

train(tf, volumes, job(1))
await printMeasurement(
  async () => {
    const { values } = train(tf, volumes, job(epochs)).weights
    return sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  },
  1000 / (batches * epochs),
)
