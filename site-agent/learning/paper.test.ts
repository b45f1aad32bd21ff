// The network of the paper at its own widths, with its attention and LSTM, on volumes of a quarter of its grid along each axis: the
// weights are the same and a scan takes a 64th of the time. On its own grid it is asked where it is compared with PyTorch and onnxruntime
// (test/elsewhere.test.ts).

import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { encode } from '../../shared/model/encoder.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import type { ParameterTensors } from '../../shared/model/parameter-tensors.ts'
import { initialWeights, maximaBlocks } from '../../shared/model/parameters.ts'
import { imagePresets } from '../../shared/model/presets.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { seededRandom } from '../../shared/random.ts'
import { parameterViews } from '../../shared/weights/weights.ts'
import { assemble, type Batch, scanInputs } from './batches.ts'
import { loadEngine, type Tf } from './engine.ts'
import { fusedOps } from './ops.ts'
import { drawQuestions, orderingLoss } from './ordering.ts'
import { recurrenceLoss, riskAtEveryVisit } from './recurrence.ts'
import { toyChildren } from './testsupport/toy-children.ts'

const model: ModelSpec = { ...binaryModel, preset: 'paper' }
/** On the grid of toy children. */
const small = { ...imagePresets.paper, grid: imagePresets.tiny.grid, maximaBlock: imagePresets.tiny.maximaBlock }
const weights = initialWeights(model, 1)

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 2 })).tf
})

function batchOf(scans: readonly number[]): Batch {
  const { children, volumes } = toyChildren(scans)
  const shown = children.map((child) => ({ child, from: 0 }))
  return assemble(shown, { kind: 'volumes', grid: small.grid, sequences: 1 }, volumes)
}

const parameterTensors = (): [string, Tensor][] => {
  const views = parameterViews(weights)
  return weights.manifest.map(({ name, shape }) => [name, tf.tensor(views.get(name) ?? [], [...shape])])
}

describe('the network of the paper', () => {
  const batch = batchOf([3, 2])

  test('has as many weights on the smaller grid', () => {
    expect(maximaBlocks(small)).toEqual(maximaBlocks(imagePresets.paper))
  })

  test.each<[string, readonly string[], (parameters: ParameterTensors) => Tensor]>([
    [
      'ordering',
      ['head.risk'],
      (parameters) => {
        const questions = drawQuestions(batch.children, seededRandom('questions'))
        return orderingLoss(tf, fusedOps(tf), small, parameters, batch, questions)
      },
    ],
    [
      'recurrence',
      ['head.pair', 'head.sequence', 'head.maxima'],
      (parameters) => recurrenceLoss(tf, fusedOps(tf), model, parameters, batch, 365),
    ],
  ])('lowers its loss of %s by a step down the gradient, as much as the gradient says', (_, untrained, lossOf) => {
    tf.tidy(() => {
      const named = parameterTensors()
      const isTrained = ([name]: [string, Tensor]): boolean => !untrained.some((head) => name.startsWith(`${head}.`))
      const trained = named.filter(isTrained)
      const loss = (...values: Tensor[]): Tensor =>
        lossOf(new Map([...named, ...trained.map(([name], k): [string, Tensor] => [name, values[k] as Tensor])]))
      const given = trained.map(([, tensor]) => tensor)
      const gradients = tf.grads(loss)(given)
      const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)).dataSync()[0] ?? Number.NaN)
      for (const [k, square] of squares.entries()) expect(square, trained[k]?.[0]).toBeGreaterThan(0)
      const before = loss(...given).dataSync()[0] ?? Number.NaN
      const expected = 0.002 * before
      const rate = expected / squares.reduce((sum, square) => sum + square, 0)
      const after = loss(...given.map((value, k) => tf.sub(value, tf.mul(gradients[k] as Tensor, rate))))
      const lowered = before - (after.dataSync()[0] ?? Number.NaN)
      expect(lowered).toBeGreaterThan(0.9 * expected)
      expect(lowered).toBeLessThan(1.1 * expected)
    })
  })

  test('says the same at a visit when later scans are added, and forgets all but the latest twelve', () => {
    tf.tidy(() => {
      // As it starts, attention is all but even: what one scan of thirteen changes would drown in rounding.
      const parameters = new Map(
        parameterTensors().map(([name, values]) => [name, name.startsWith('sequence.') ? tf.mul(values, 4) : values]),
      )
      const risksOf = (scans: number, from = 0): number[] => {
        const { children, volumes } = toyChildren([scans])
        const shown = children.map((child) => ({ child, from }))
        const laid = assemble(shown, { kind: 'volumes', grid: small.grid, sequences: 1 }, volumes)
        const encoded = encode(tf, fusedOps(tf), small, parameters, scanInputs(tf, laid))
        const { outputs } = riskAtEveryVisit(tf, fusedOps(tf), model, parameters, encoded, laid.children)
        return [...(outputs as Tensor2D).dataSync()]
      }
      const all = risksOf(14)
      expect(new Set(all).size).toBe(14)
      for (const [visit, risk] of risksOf(5).entries()) expect(all[visit]).toBeCloseTo(risk, 5)
      expect(risksOf(14, 2).at(-1)).toBeCloseTo(all.at(-1) ?? Number.NaN, 5)
      expect(Math.abs((risksOf(14, 3).at(-1) ?? Number.NaN) - (all.at(-1) ?? Number.NaN))).toBeGreaterThan(1e-4)
    })
  })
})
