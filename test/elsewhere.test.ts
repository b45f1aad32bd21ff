// Weights outside of the product: the same answers from PyTorch and from onnxruntime, where Python has them.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { canImport, python } from '../bench/python.ts'
import { encoderInput } from '../coordinator/interchange/onnx-encoder.ts'
import { encodeOnnx } from '../coordinator/interchange/onnx-model.ts'
import { emptyChart } from '../shared/cohort/chart.ts'
import { clinicalVector } from '../shared/model/clinical.ts'
import { hazardEdgesDays } from '../shared/model/hazards.ts'
import type { ModelSpec } from '../shared/model/model-spec.ts'
import { initialWeights } from '../shared/model/parameters.ts'
import { presetOf } from '../shared/model/presets.ts'
import { probabilityOf } from '../shared/model/risk.ts'
import { numbersOfSequence, scanShapeOf } from '../shared/model/scan-shape.ts'
import { binaryModel, comparingModel, hazardsModel, informedModel } from '../shared/model/testsupport/models.ts'
import { seededRandom } from '../shared/random.ts'
import { encodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { loadEngine } from '../site-agent/learning/engine.ts'
import { scoreChildren } from '../site-agent/learning/score.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'

const withTorch = (await canImport('torch')) && (await canImport('safetensors'))
const withOnnx = await canImport('onnxruntime')

/** A model with weights, children to ask about, and their scans. */
interface Asked {
  readonly model: ModelSpec
  readonly weights: Weights
  readonly children: readonly PreparedChild[]
  readonly volumes: ReadonlyMap<string, Float32Array>
}

function askedOf(model: ModelSpec, visitCounts: readonly number[]): Asked {
  const random = seededRandom('elsewhere')
  const { manifest, values } = initialWeights(model, 3)
  // No parameter as it starts: a scale of 1 or a shift of 0 in the wrong place would go unnoticed. Less in wide layers, whose sums
  // would grow with it, and the rounding of float32 with them.
  const stddev = 6.4 / presetOf(model.preset).embeddingSize
  const weights = { manifest, values: values.map((value) => value + stddev * random.normal()) }
  const shape = scanShapeOf(model)
  const numbers = numbersOfSequence(shape)
  const volumes = new Map<string, Float32Array>()
  const children = visitCounts.map((visits, c): PreparedChild => {
    const scans = Array.from({ length: visits }, (_, visit) => ({
      ...{ file: `${c}/${visit}`, day: 90 * visit + 7 * visit ** 2 },
      ...{ followUp: null, scanner: undefined },
    }))
    for (const { file } of scans) {
      // A third of the voxels is background; every visit but the first of a child lacks its last sequence.
      const missingFrom =
        shape.sequences > 1 && file !== `${c}/0` ? (shape.sequences - 1) * numbers : Number.POSITIVE_INFINITY
      const value = (i: number): number => (i >= missingFrom || random.uniform() < 1 / 3 ? 0 : random.normal())
      volumes.set(
        file,
        Float32Array.from({ length: shape.sequences * numbers }, (_, i) => value(i)),
      )
    }
    return {
      key: `${c}`,
      fold: 'test',
      scans,
      outcome: undefined,
      chart: { ...emptyChart, ageYears: 3 + c, resection: 'partial' },
    }
  })
  return { model, weights, children, volumes }
}

const answersSchema = z.array(
  z.object({
    progression: z.array(z.number()),
    risk_logits: z.array(z.number()).optional(),
    hazard_logits: z.array(z.array(z.number())).optional(),
    risk: z.array(z.union([z.number(), z.array(z.number())])),
    embeddings: z.array(z.array(z.number())),
  }),
)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-elsewhere-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Asks in Python, and compares with what the site agent computes: every score, and the risk after every visit. */
async function compare(kind: 'torch' | 'onnx', modelFile: string, asked: Asked): Promise<void> {
  const { model, weights, children, volumes } = asked
  const { embeddingSize } = presetOf(model.preset)
  const voxelsFile = join(folder, 'voxels')
  await writeFile(voxelsFile, Buffer.concat([...volumes.values()].map((volume) => new Uint8Array(volume.buffer))))
  const shapes = JSON.stringify(children.map(({ scans }) => [scans.length, ...encoderInput(model).shape]))
  const script = join(import.meta.dirname, 'support', 'ask_elsewhere.py')
  const told = JSON.stringify(
    children.map(({ scans, chart }) => ({
      ...(model.timeInput === 'fourier' ? { days: scans.map(({ day }) => day) } : {}),
      ...(model.clinical ? { chart: clinicalVector(chart) } : {}),
    })),
  )
  const { stdout } = await promisify(execFile)(python, [script, kind, modelFile, voxelsFile, shapes, told])
  const answers = answersSchema.parse(JSON.parse(stdout))
  const { tf } = await loadEngine({ threads: 1 })
  const get = (file: string): Float32Array => volumes.get(file) ?? new Float32Array()
  for (const [c, child] of children.entries()) {
    for (let visits = 1; visits <= child.scans.length; visits++) {
      const shown = { ...child, scans: child.scans.slice(0, visits) }
      const [ours] = scoreChildren(tf, { get }, { model, horizonDays: 365, weights, children: [shown], seed: '1' })
      const theirs = answers[c]
      const outputs = theirs?.hazard_logits ?? theirs?.risk_logits?.map((logit) => [logit])
      expect(outputs).toHaveLength(child.scans.length)
      expect(theirs?.embeddings[0]).toHaveLength(embeddingSize)
      const expected = ours?.riskOutputs.at(-1) ?? []
      expect(outputs?.[visits - 1]).toHaveLength(expected.length)
      for (const [at, value] of expected.entries()) {
        expect(Math.abs((outputs?.[visits - 1]?.[at] ?? Number.NaN) - value)).toBeLessThan(1e-4)
      }
      const risk = [theirs?.risk[visits - 1]].flat()[model.head === 'hazards' ? hazardEdgesDays.indexOf(365) : 0]
      expect(risk).toBeCloseTo(probabilityOf(ours?.riskLogits.at(-1) ?? Number.NaN), 4)
      const apart = ours?.pairScores.map((score, visit) => Math.abs(score - (theirs?.progression[visit] ?? Number.NaN)))
      expect(Math.max(...(apart ?? [Number.NaN]))).toBeLessThan(1e-4)
    }
  }
}

describe.each<{ readonly name: string; readonly model: ModelSpec; readonly visits: readonly number[] }>([
  { name: 'tiny', model: binaryModel, visits: [1, 2, 6] },
  { name: 'tiny with hazards', model: hazardsModel, visits: [1, 2, 6] },
  { name: 'tiny told of time and chart', model: informedModel, visits: [1, 2, 6] },
  { name: 'tiny with three sequences', model: { ...binaryModel, sequences: 3 }, visits: [1, 4] },
  { name: 'embeddings', model: { ...binaryModel, preset: 'embeddings', features: 7 }, visits: [1, 4, 9] },
  {
    name: 'embeddings of two sequences',
    model: { ...binaryModel, preset: 'embeddings', features: 7, sequences: 2 },
    visits: [1, 4],
  },
  {
    name: 'tiny with a mean in place of the recurrent unit',
    model: { ...binaryModel, temporal: 'mean' },
    visits: [1, 4],
  },
  { name: 'tiny that compares pictures', model: comparingModel, visits: [1, 2, 6] },
  {
    name: 'tiny that compares pictures, told of time and chart',
    model: { ...informedModel, temporal: 'change-gru' },
    visits: [1, 4],
  },
  {
    name: 'compact that compares pictures',
    model: { ...comparingModel, preset: 'compact', timeInput: 'fourier' },
    visits: [1, 3, 8],
  },
  { name: 'tiny with attention and an LSTM', model: { ...binaryModel, temporal: 'attention-lstm' }, visits: [1, 4] },
  {
    name: 'tiny with attention, told of time and chart',
    model: { ...informedModel, temporal: 'attention-lstm' },
    visits: [1, 4],
  },
  {
    name: 'compact with two sequences and hazards',
    model: { ...hazardsModel, preset: 'compact', sequences: 2 },
    visits: [1, 3],
  },
  { name: 'paper', model: { ...binaryModel, preset: 'paper' }, visits: [1, 2] },
  { name: 'compact', model: { ...binaryModel, preset: 'compact' }, visits: [1, 3, 8] },
  {
    name: 'compact of more visits than it takes, by a mean',
    model: { ...binaryModel, preset: 'compact', temporal: 'mean' },
    visits: [8],
  },
  {
    name: 'compact of more visits than it takes, with attention and told of time and chart',
    model: { ...informedModel, preset: 'compact', temporal: 'attention-lstm' },
    visits: [8],
  },
])('exported weights of $name give the same answers', ({ model, visits }) => {
  let asked: Asked
  beforeAll(() => {
    asked = askedOf(model, visits)
  })

  test.skipIf(!withTorch)('in PyTorch', async () => {
    const file = join(folder, 'weights.safetensors')
    await writeFile(file, encodeSafetensors(asked.weights))
    await compare('torch', file, asked)
  })

  test.skipIf(!withOnnx)('in onnxruntime', async () => {
    const file = join(folder, 'model.onnx')
    await writeFile(file, encodeOnnx({ model: asked.model, weights: asked.weights, notes: { study: 'test' } }))
    await compare('onnx', file, asked)
  })
})
