import type { Tensor, Tensor5D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine, type Tf } from './engine.ts'
import { globalMax, groupNormRelu } from './ops.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const shape: [number, number, number, number, number] = [2, 3, 4, 5, 6]
const voxels = 3 * 4 * 5
const channelsPerGroup = 3

const normals = (seed: string, length: number): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length }, () => 1.5 * random.normal() + 0.7)
}
const x = normals('x', 2 * voxels * 6)
const scale = normals('scale', 6)
const shift = normals('shift', 6)
/** Weights of the sum that stands for a loss, so that every output has its own gradient. */
const mix = normals('mix', 2 * voxels * 6)

describe('group normalisation with ReLU', () => {
  test('gives what the formula gives, in plain loops and in float64', () => {
    const got = tf.tidy(() =>
      groupNormRelu(tf, tf.tensor5d(x, shape), tf.tensor1d(scale), tf.tensor1d(shift), channelsPerGroup).dataSync(),
    )
    expectClose([...got], naiveGroupNormRelu(x, scale, shift), 1e-5)
  })

  test('has the gradients that finite differences of plain loops have, for input, scale and shift', () => {
    const gradient = tf.tidy(() => {
      const loss = (...[input, gamma, beta]: Tensor[]): Tensor => {
        const y = groupNormRelu(tf, input as Tensor5D, gamma as Tensor, beta as Tensor, channelsPerGroup)
        return tf.sum(tf.mul(y, tf.tensor5d(mix, shape)))
      }
      const inputs = [tf.tensor5d(x, shape), tf.tensor1d(scale), tf.tensor1d(shift)]
      return tf
        .grads(loss)(inputs)
        .map((tensor) => [...tensor.dataSync()])
    })
    const loss = (a: number[], b: number[], c: number[]): number =>
      naiveGroupNormRelu(a, b, c).reduce((sum, value, i) => sum + value * (mix[i] ?? 0), 0)
    expectClose(
      gradient[0] ?? [],
      differences((values) => loss(values, scale, shift), x),
      1e-3,
    )
    expectClose(
      gradient[1] ?? [],
      differences((values) => loss(x, values, shift), scale),
      1e-2,
    )
    expectClose(
      gradient[2] ?? [],
      differences((values) => loss(x, scale, values), shift),
      1e-2,
    )
  })

  test('agrees with its form in primitive operations, also where a channel is a group of its own', () => {
    const inputs = (): Tensor[] => [tf.tensor5d(x, shape), tf.tensor1d(scale), tf.tensor1d(shift)]
    for (const perGroup of [1, 2, 6]) {
      const fused = gradientsOf(
        ([a, b, c]) => groupNormRelu(tf, a as Tensor5D, b as Tensor, c as Tensor, perGroup),
        inputs,
      )
      const primitive = gradientsOf(
        ([a, b, c]) => primitiveGroupNormRelu(a as Tensor, b as Tensor, c as Tensor, perGroup),
        inputs,
      )
      for (const [k, values] of fused.entries()) expectClose(values, primitive[k] ?? [], 1e-3)
    }
  })

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors
    gradientsOf(
      ([a, b, c]) => groupNormRelu(tf, a as Tensor5D, b as Tensor, c as Tensor, 2),
      () => [tf.tensor5d(x, shape), tf.tensor1d(scale), tf.tensor1d(shift)],
    )
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('the maximum over all voxels', () => {
  test('is the largest value of each channel, negative ones too', () => {
    const below = x.map((value) => value - 100)
    const got = tf.tidy(() => globalMax(tf, tf.tensor5d(below, shape)).dataSync())
    const naive = Array.from({ length: 12 }, (_, row) => Math.max(...channelOf(below, Math.floor(row / 6), row % 6)))
    expectClose([...got], naive, 1e-4)
  })

  test('sends its gradient to the largest voxel alone', () => {
    const [, gradient] = gradientsOf(
      ([a]) => globalMax(tf, a as Tensor5D),
      () => [tf.tensor5d(x, shape)],
      [2, 6],
    )
    for (let scan = 0; scan < 2; scan++) {
      for (let channel = 0; channel < 6; channel++) {
        const values = channelOf(x, scan, channel)
        const largest = values.indexOf(Math.max(...values))
        const expected = values.map((_, i) => (i === largest ? (mix[scan * 6 + channel] ?? 0) : 0))
        expectClose(channelOf(gradient ?? [], scan, channel), expected, 1e-5)
      }
    }
  })

  test('shares its gradient where several voxels are the largest', () => {
    const gradient = tf.tidy(() => {
      const flat = tf.tensor5d([3, 1, 3, 2], [1, 1, 2, 2, 1])
      return [
        ...tf
          .grad((input) => globalMax(tf, input as Tensor5D))(flat)
          .dataSync(),
      ]
    })
    expect(gradient).toEqual([0.5, 0, 0.5, 0])
  })

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors
    gradientsOf(
      ([a]) => globalMax(tf, a as Tensor5D),
      () => [tf.tensor5d(x, shape)],
      [2, 6],
    )
    expect(tf.memory().numTensors).toBe(before)
  })
})

/** Value, then the gradient of Σ mix·value for each input. */
function gradientsOf(
  operation: (inputs: Tensor[]) => Tensor,
  inputs: () => Tensor[],
  outputShape: number[] = shape,
): number[][] {
  return tf.tidy(() => {
    const given = inputs()
    const weights = tf.tensor(
      mix.slice(
        0,
        outputShape.reduce((a, b) => a * b, 1),
      ),
      outputShape,
    )
    const gradients = tf.grads((...current: Tensor[]) => tf.sum(tf.mul(operation(current), weights)))(given)
    return [operation(given), ...gradients].map((tensor) => [...tensor.dataSync()])
  })
}

function primitiveGroupNormRelu(input: Tensor, gamma: Tensor, beta: Tensor, perGroup: number): Tensor {
  const grouped = tf.reshape(input, [2, voxels, 6 / perGroup, perGroup])
  const { mean, variance } = tf.moments(grouped, [1, 3], true)
  const normal = tf.reshape(tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, 1e-5))), shape)
  return tf.relu(tf.add(tf.mul(normal, gamma), beta))
}

/** Group normalisation with groups of `channelsPerGroup`, scale, shift and ReLU. */
function naiveGroupNormRelu(input: number[], gamma: number[], beta: number[]): number[] {
  const output = new Array<number>(input.length)
  for (let scan = 0; scan < 2; scan++) {
    for (let group = 0; group < 2; group++) {
      const members: number[] = []
      for (let voxel = 0; voxel < voxels; voxel++) {
        for (let c = 0; c < channelsPerGroup; c++)
          members.push((scan * voxels + voxel) * 6 + group * channelsPerGroup + c)
      }
      const mean = members.reduce((sum, i) => sum + (input[i] ?? 0), 0) / members.length
      const variance = members.reduce((sum, i) => sum + ((input[i] ?? 0) - mean) ** 2, 0) / members.length
      for (const i of members) {
        const normal = ((input[i] ?? 0) - mean) / Math.sqrt(variance + 1e-5)
        output[i] = Math.max(0, normal * (gamma[i % 6] ?? 0) + (beta[i % 6] ?? 0))
      }
    }
  }
  return output
}

/** Central differences of `f` along each of `at`. */
function differences(f: (values: number[]) => number, at: number[]): number[] {
  const step = 1e-6
  return at.map((_, i) => (f(moved(at, i, step)) - f(moved(at, i, -step))) / (2 * step))
}

function moved(values: number[], i: number, by: number): number[] {
  return values.map((value, k) => (k === i ? value + by : value))
}

function channelOf(values: number[], scan: number, channel: number): number[] {
  return Array.from({ length: voxels }, (_, voxel) => values[(scan * voxels + voxel) * 6 + channel] ?? Number.NaN)
}

function expectClose(got: number[], expected: number[], tolerance: number): void {
  expect(got).toHaveLength(expected.length)
  const worst = Math.max(...got.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))))
  expect(worst).toBeLessThan(tolerance)
}
