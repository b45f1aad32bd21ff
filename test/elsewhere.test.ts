// Weights outside of the product: the same answers from PyTorch and from onnxruntime, where Python has them.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { canImport, python } from '../bench/python.ts'
import { encodeOnnx } from '../coordinator/interchange/onnx-model.ts'
import { emptyChart } from '../shared/cohort/chart.ts'
import { initialWeights } from '../shared/model/parameters.ts'
import { presets } from '../shared/model/presets.ts'
import { binaryModel } from '../shared/model/testsupport/models.ts'
import { seededRandom } from '../shared/random.ts'
import { encodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { loadEngine } from '../site-agent/learning/engine.ts'
import { scoreChildren } from '../site-agent/learning/score.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'

const withTorch = (await canImport('torch')) && (await canImport('safetensors'))
const withOnnx = await canImport('onnxruntime')

const { grid } = presets.tiny
const voxels = grid[0] * grid[1] * grid[2]
const random = seededRandom('elsewhere')

/** No parameter as it starts: a scale of 1 or a shift of 0 in the wrong place would go unnoticed. */
const weights: Weights = (() => {
  const { manifest, values } = initialWeights(binaryModel, 3)
  return { manifest, values: values.map((value) => value + 0.1 * random.normal()) }
})()

/** Children of one, two and six visits; a third of the voxels is background. */
const volumes = new Map<string, Float32Array>()
const children = [1, 2, 6].map((visits, c): PreparedChild => {
  const scans = Array.from({ length: visits }, (_, visit) => ({
    ...{ file: `${c}/${visit}`, day: 90 * visit },
    ...{ followUp: null, scanner: undefined },
  }))
  for (const { file } of scans) {
    volumes.set(
      file,
      Float32Array.from({ length: voxels }, () => (random.uniform() < 1 / 3 ? 0 : random.normal())),
    )
  }
  return { key: `${c}`, fold: 'test', scans, outcome: undefined, chart: emptyChart }
})

const answersSchema = z.array(
  z.object({
    progression: z.array(z.number()),
    risk_logits: z.array(z.number()),
    embeddings: z.array(z.array(z.number())),
  }),
)

let folder: string
let voxelsFile: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-elsewhere-'))
  voxelsFile = join(folder, 'voxels')
  await writeFile(voxelsFile, Buffer.concat([...volumes.values()].map((volume) => new Uint8Array(volume.buffer))))
})
afterAll(() => rm(folder, { recursive: true }))

/** Asks in Python, and compares with what the site agent computes: every score, and the risk after every visit. */
async function compare(kind: 'torch' | 'onnx', modelFile: string): Promise<void> {
  const shapes = JSON.stringify(children.map(({ scans }) => [scans.length, ...grid]))
  const script = join(import.meta.dirname, 'support', 'ask_elsewhere.py')
  const { stdout } = await promisify(execFile)(python, [script, kind, modelFile, voxelsFile, shapes])
  const answers = answersSchema.parse(JSON.parse(stdout))
  const { tf } = await loadEngine({ threads: 1 })
  const get = (file: string): Float32Array => volumes.get(file) ?? new Float32Array()
  for (const [c, child] of children.entries()) {
    for (let visits = 1; visits <= child.scans.length; visits++) {
      const shown = { ...child, scans: child.scans.slice(0, visits) }
      const [ours] = scoreChildren(
        tf,
        { get },
        { model: binaryModel, horizonDays: 365, weights, children: [shown], seed: '1' },
      )
      const theirs = answers[c]
      expect(theirs?.risk_logits).toHaveLength(child.scans.length)
      expect(theirs?.embeddings[0]).toHaveLength(presets.tiny.embeddingSize)
      expect(Math.abs((theirs?.risk_logits[visits - 1] ?? Number.NaN) - (ours?.riskLogits.at(-1) ?? 0))).toBeLessThan(
        1e-4,
      )
      const apart = ours?.pairScores.map((score, visit) => Math.abs(score - (theirs?.progression[visit] ?? Number.NaN)))
      expect(Math.max(...(apart ?? [Number.NaN]))).toBeLessThan(1e-4)
    }
  }
}

describe('exported weights give the same answers', () => {
  test.skipIf(!withTorch)('in PyTorch', async () => {
    const file = join(folder, 'weights.safetensors')
    await writeFile(file, encodeSafetensors(weights))
    await compare('torch', file)
  })

  test.skipIf(!withOnnx)('in onnxruntime', async () => {
    const file = join(folder, 'model.onnx')
    await writeFile(file, encodeOnnx({ model: binaryModel, weights, notes: { study: 'test' } }))
    await compare('onnx', file)
  })
})
