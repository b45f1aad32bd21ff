import type { Tensor, Tensor2D, Tensor5D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { encode } from '../../shared/model/encoder.ts'
import { orderLogits, pairScores, predictedMaxima, riskOutputs } from '../../shared/model/heads.ts'
import type { ParameterTensors } from '../../shared/model/parameter-tensors.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { type Preset, presets } from '../../shared/model/presets.ts'
import { runSequences } from '../../shared/model/sequence.ts'
import type { SequenceLayout } from '../../shared/model/sequence-layout.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { seededRandom } from '../../shared/random.ts'
import { parameterViews } from '../../shared/weights/weights.ts'
import { loadEngine, type Tf } from './engine.ts'
import { fusedOps } from './ops.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

describe('the encoder', () => {
  test('turns each volume into one embedding, and the heads read one score, 36 maxima and one logit of it', () => {
    tf.tidy(() => {
      const parameters = initialTensors()
      const { embeddings } = encode(tf, fusedOps(tf), presets.tiny, parameters, {
        values: tf.randomNormal([3, 24, 32, 24, 1]),
      })
      expect(embeddings.shape).toEqual([3, 64])
      expect(pairScores(tf, parameters, embeddings).shape).toEqual([3])
      expect(predictedMaxima(tf, parameters, embeddings).shape).toEqual([3, 36])
      expect(orderLogits(tf, parameters, embeddings).shape).toEqual([3])
      expect(riskOutputs(tf, parameters, embeddings).shape).toEqual([3, 1])
    })
  })

  test('halves every axis from the first voxel on, and pads with zeros at the end', () => {
    const grid = [4, 6, 8] as const
    const values = Array.from({ length: 4 * 6 * 8 }, (_, i) => i + 1)
    for (const tap of [0, 1, 2]) {
      const output = convolved(grid, values, tap)
      expect(output).toHaveLength(2 * 3 * 4)
      for (const [at, value] of output.entries()) {
        const [z, y, x] = [Math.floor(at / 12), Math.floor(at / 4) % 3, at % 4].map((i) => 2 * i + tap) as [
          number,
          number,
          number,
        ]
        const outside = z >= 4 || y >= 6 || x >= 8
        expect(value).toBe(outside ? 0 : values[(z * 6 + y) * 8 + x])
      }
    }
  })
})

describe('the sequence block', () => {
  const preset: Preset = { ...presets.tiny, embeddingSize: 3, hiddenSize: 2 }
  const numbers = (seed: string, length: number): number[] => {
    const random = seededRandom(seed)
    return Array.from({ length }, () => random.normal())
  }
  const named = {
    'sequence.norm.scale': { shape: [3], values: numbers('a', 3) },
    'sequence.norm.shift': { shape: [3], values: numbers('b', 3) },
    'sequence.gru.inputKernel': { shape: [6, 6], values: numbers('c', 36) },
    'sequence.gru.inputBias': { shape: [6], values: numbers('d', 6) },
    'sequence.gru.hiddenKernel': { shape: [2, 6], values: numbers('e', 12) },
    'sequence.gru.hiddenBias': { shape: [6], values: numbers('f', 6) },
  }
  const embeddings = numbers('scans', 5 * 3)
  const sequences = [[4, 1, 0, 2], [3], [1, 1]]
  const layout: SequenceLayout = {
    steps: 4,
    sequences: 3,
    scans: Int32Array.from([4, 3, 1, 1, -1, 1, 0, -1, -1, 2, -1, -1]),
  }

  test('gives the states of a layer norm and a GRU on embeddings and their changes, written as plain loops', () => {
    const states = tf.tidy(() => {
      const parameters = new Map(
        Object.entries(named).map(([name, { shape, values }]) => [name, tf.tensor(values, shape)]),
      )
      const scans = { embeddings: tf.tensor2d(embeddings, [5, 3]) }
      return runSequences(tf, fusedOps(tf), preset, parameters, scans, layout).arraySync()
    })
    for (const [q, scans] of sequences.entries()) {
      for (const [step, expected] of naiveStates(scans).entries()) {
        for (const [unit, value] of expected.entries()) expect(states[step]?.[q]?.[unit]).toBeCloseTo(value, 5)
      }
    }
  })

  test('has the gradients that finite differences of the plain loops have', () => {
    const weights = numbers('mix', 4 * 3 * 2)
    const names = Object.keys(named) as (keyof typeof named)[]
    const gradients = tf.tidy(() => {
      const inputs = [
        tf.tensor2d(embeddings, [5, 3]),
        ...names.map((name) => tf.tensor(named[name].values, named[name].shape)),
      ]
      const loss = (...[scans, ...rest]: Tensor[]): Tensor => {
        const parameters = new Map(names.map((name, k) => [name, rest[k] as Tensor]))
        const states = runSequences(tf, fusedOps(tf), preset, parameters, { embeddings: scans as Tensor2D }, layout)
        return tf.sum(tf.mul(states, tf.tensor3d(kept(weights), [4, 3, 2])))
      }
      return tf
        .grads(loss)(inputs)
        .map((tensor) => [...tensor.dataSync()])
    })
    const naiveLoss = (): number =>
      sequences.reduce(
        (sum, scans, q) =>
          sum +
          naiveStates(scans).reduce(
            (inner, state, step) =>
              inner + state.reduce((most, value, unit) => most + value * (weights[(step * 3 + q) * 2 + unit] ?? 0), 0),
            0,
          ),
        0,
      )
    for (const [k, values] of [embeddings, ...names.map((name) => named[name].values)].entries()) {
      for (let i = 0; i < values.length; i++) {
        expect(gradients[k]?.[i]).toBeCloseTo(difference(naiveLoss, values, i), 3)
      }
    }
  })

  /** Rows after a sequence's end mean nothing and count nothing. */
  function kept(weights: readonly number[]): number[] {
    return weights.map((weight, i) => ((layout.scans[Math.floor(i / 2)] ?? -1) < 0 ? 0 : weight))
  }

  function naiveStates(scans: readonly number[]): number[][] {
    const normal = (scan: number): number[] => {
      const row = embeddings.slice(scan * 3, scan * 3 + 3)
      const mean = row.reduce((sum, value) => sum + value, 0) / 3
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3
      return row.map(
        (value, i) =>
          ((value - mean) / Math.sqrt(variance + 1e-5)) * at('sequence.norm.scale', i) + at('sequence.norm.shift', i),
      )
    }
    let state = [0, 0]
    return scans.map((scan, step) => {
      const now = normal(scan)
      const before = normal(scans[step - 1] ?? scan)
      const input = [...now, ...now.map((value, i) => value - (before[i] ?? 0))]
      const fromInput = (gate: number): number =>
        input.reduce(
          (sum, value, i) => sum + value * at('sequence.gru.inputKernel', i * 6 + gate),
          at('sequence.gru.inputBias', gate),
        )
      const fromState = (gate: number): number =>
        state.reduce(
          (sum, value, i) => sum + value * at('sequence.gru.hiddenKernel', i * 6 + gate),
          at('sequence.gru.hiddenBias', gate),
        )
      state = [0, 1].map((unit) => {
        const reset = sigmoid(fromInput(unit) + fromState(unit))
        const update = sigmoid(fromInput(2 + unit) + fromState(2 + unit))
        const candidate = Math.tanh(fromInput(4 + unit) + reset * fromState(4 + unit))
        return (1 - update) * candidate + update * (state[unit] ?? 0)
      })
      return state
    })
  }

  function at(name: keyof typeof named, i: number): number {
    return named[name].values[i] ?? Number.NaN
  }
})

/** What the first convolution gives when its kernel only picks the voxel at `tap` along every axis. */
function convolved(grid: readonly [number, number, number], values: readonly number[], tap: number): number[] {
  const preset: Preset = { ...presets.tiny, grid, encoder: { kind: 'convolutions', channels: [1] } }
  return tf.tidy(() => {
    const kernel = new Float32Array(27)
    kernel[(tap * 3 + tap) * 3 + tap] = 1
    const parameters: ParameterTensors = new Map<string, Tensor>([
      ['encoder.block1.kernel', tf.tensor(kernel, [3, 3, 3, 1, 1])],
      ['encoder.block1.norm.scale', tf.ones([1])],
      ['encoder.block1.norm.shift', tf.zeros([1])],
      ['encoder.embedding.kernel', tf.zeros([2, 1])],
      ['encoder.embedding.bias', tf.zeros([1])],
    ])
    let seen: number[] = []
    const ops = {
      ...fusedOps(tf),
      groupNorm: (x: Tensor5D) => {
        seen = [...x.dataSync()]
        return x
      },
    }
    encode(tf, ops, preset, parameters, { values: tf.tensor5d([...values], [1, ...grid, 1]) })
    return seen
  })
}

function initialTensors(): ParameterTensors {
  const weights = initialWeights(binaryModel, 1)
  const views = parameterViews(weights)
  return new Map(weights.manifest.map(({ name, shape }) => [name, tf.tensor(views.get(name) ?? [], [...shape])]))
}

/** Central difference of `f` when `values[i]`, which it reads, moves. */
function difference(f: () => number, values: number[], i: number): number {
  const held = values[i] ?? 0
  const step = 1e-5
  values[i] = held + step
  const above = f()
  values[i] = held - step
  const below = f()
  values[i] = held
  return (above - below) / (2 * step)
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
