import type { Tensor, Tensor2D, Tensor3D, Tensor5D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { FusedOps } from '../../shared/model/parameter-tensors.ts'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine, type Tf } from './engine.ts'
import { kernelOps } from './kernel-ops.ts'
import { primitiveOps } from './primitive-ops.ts'

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
const added = normals('added', 2 * voxels * 6)
/** Weights of the sum that stands for a loss, so that every output has its own gradient. */
const mix = normals('mix', 2 * voxels * 6)

/** What a normalisation may be followed by. */
const forms = [
  { relu: false, withAdded: false },
  { relu: true, withAdded: false },
  { relu: true, withAdded: true },
]

describe.each([
  { form: 'native kernels', opsOf: kernelOps },
  { form: 'primitive operations', opsOf: primitiveOps },
])('as $form', ({ opsOf }) => {
  const normalised =
    (relu: boolean, withAdded: boolean) =>
    ([input, gamma, beta, more]: Tensor[]): Tensor =>
      opsOf(tf).groupNorm(input as Tensor5D, {
        scale: gamma as Tensor,
        shift: beta as Tensor,
        channelsPerGroup,
        relu,
        ...(withAdded && { added: more as Tensor5D }),
      })
  const normalisedInputs = (): Tensor[] => [
    tf.tensor5d(x, shape),
    tf.tensor1d(scale),
    tf.tensor1d(shift),
    tf.tensor5d(added, shape),
  ]

  describe.each(forms)('group normalisation, ReLU $relu, shortcut $withAdded', ({ relu, withAdded }) => {
    test('gives what the formula gives, in plain loops and in float64', () => {
      const got = tf.tidy(() => normalised(relu, withAdded)(normalisedInputs()).dataSync())
      expectClose([...got], naiveGroupNorm(x, scale, shift, relu, withAdded ? added : undefined), 1e-5)
    })

    test('has the gradients that finite differences of plain loops have', () => {
      const gradients = gradientsOf(normalised(relu, withAdded), normalisedInputs)
      const loss = (a: number[], b: number[], c: number[], d: number[]): number =>
        naiveGroupNorm(a, b, c, relu, withAdded ? d : undefined).reduce((sum, y, i) => sum + y * (mix[i] ?? 0), 0)
      const expected = [
        differences((values) => loss(values, scale, shift, added), x),
        differences((values) => loss(x, values, shift, added), scale),
        differences((values) => loss(x, scale, values, added), shift),
        differences((values) => loss(x, scale, shift, values), added),
      ]
      for (const [k, values] of expected.entries()) {
        if (k < 3 || withAdded) expectClose(gradients[k + 1] ?? [], values, 1e-2)
      }
    })

    test('leaves no tensor behind', () => {
      expectNothingLeft(() => gradientsOf(normalised(relu, withAdded), normalisedInputs))
    })
  })

  describe('the mean and the maximum over all voxels', () => {
    const pooled = ([input]: Tensor[]): Tensor => opsOf(tf).meanMaxPool(input as Tensor5D)

    test('are those of each channel, negative ones too', () => {
      const below = x.map((value) => value - 100)
      const got = tf.tidy(() => [...pooled([tf.tensor5d(below, shape)]).dataSync()])
      const channels = [0, 1].map((scan) => [0, 1, 2, 3, 4, 5].map((channel) => channelOf(below, scan, channel)))
      const naive = channels.flatMap((ofScan) => [
        ...ofScan.map((values) => values.reduce((sum, value) => sum + value, 0) / voxels),
        ...ofScan.map((values) => Math.max(...values)),
      ])
      expectClose(got, naive, 1e-4)
    })

    test('send their gradient to all voxels, and to the largest', () => {
      const [, gradient] = gradientsOf(pooled, () => [tf.tensor5d(x, shape)], [2, 12])
      for (let scan = 0; scan < 2; scan++) {
        for (let channel = 0; channel < 6; channel++) {
          const values = channelOf(x, scan, channel)
          const largest = values.indexOf(Math.max(...values))
          const [ofMean, ofMaximum] = [mix[scan * 12 + channel] ?? 0, mix[scan * 12 + 6 + channel] ?? 0]
          const expected = values.map((_, i) => ofMean / voxels + (i === largest ? ofMaximum : 0))
          expectClose(channelOf(gradient ?? [], scan, channel), expected, 1e-5)
        }
      }
    })

    test('share the gradient of the maximum where several voxels have it', () => {
      const gradient = tf.tidy(() => {
        const flat = tf.tensor5d([3, 1, 3, 2], [1, 1, 2, 2, 1])
        const maximum = (input: Tensor): Tensor => tf.slice(pooled([input]), [0, 1], [1, 1])
        return [...tf.grad(maximum)(flat).dataSync()]
      })
      expect(gradient).toEqual([0.5, 0, 0.5, 0])
    })

    test('do not hide what is not a number', () => {
      const got = tf.tidy(() => [...pooled([tf.tensor5d([1, Number.NaN, 2], [1, 1, 1, 3, 1])]).dataSync()])
      expect(got).toEqual([Number.NaN, Number.NaN])
    })

    test('leave no tensor behind', () => {
      expectNothingLeft(() => gradientsOf(pooled, () => [tf.tensor5d(x, shape)], [2, 12]))
    })
  })

  describe('the maximum over windows of 3×3×3 voxels, two apart', () => {
    const pooled = ([input]: Tensor[]): Tensor => opsOf(tf).maxPool(input as Tensor5D)

    test('is that of each window, of which those at the end may be cut, also for odd lengths', () => {
      // Of 3, 4 and 5 voxels: padded by one on each side, by one at the end, by one on each side.
      const got = tf.tidy(() => [...pooled([tf.tensor5d(x, shape)]).dataSync()])
      const axes = [
        { length: 3, outputs: 2, before: 1 },
        { length: 4, outputs: 2, before: 0 },
        { length: 5, outputs: 3, before: 1 },
      ]
      const window = (axis: number, output: number): number[] => {
        const { length, before } = axes[axis] ?? { length: 0, before: 0 }
        return [0, 1, 2].map((tap) => 2 * output - before + tap).filter((at) => at >= 0 && at < length)
      }
      const naive: number[] = []
      for (const scan of [0, 1])
        for (const oz of [0, 1])
          for (const oy of [0, 1])
            for (const ox of [0, 1, 2])
              for (const channel of [0, 1, 2, 3, 4, 5]) {
                const values = window(0, oz).flatMap((z) =>
                  window(1, oy).flatMap((y) =>
                    window(2, ox).map((at) => x[(((scan * 3 + z) * 4 + y) * 5 + at) * 6 + channel] ?? Number.NaN),
                  ),
                )
                naive.push(Math.max(...values))
              }
      expectClose(got, naive, 1e-6)
    })

    test('sends its gradient to the voxel that is the largest', () => {
      const [, gradient] = gradientsOf(pooled, () => [tf.tensor5d(x, shape)], [2, 2, 2, 3, 6])
      const loss = (values: number[]): number =>
        tf.tidy(() =>
          [...pooled([tf.tensor5d(values, shape)]).dataSync()].reduce((sum, y, i) => sum + y * (mix[i] ?? 0), 0),
        )
      const picked = [0, 17, 100, 333, 500, 719]
      for (const i of picked) {
        const difference = (loss(moved(x, i, 1e-3)) - loss(moved(x, i, -1e-3))) / 2e-3
        expect(Math.abs((gradient?.[i] ?? Number.NaN) - difference)).toBeLessThan(1e-2)
      }
      expect(gradient?.filter((value) => value !== 0).length).toBeGreaterThan(50)
    })

    test('leaves no tensor behind', () => {
      expectNothingLeft(() => gradientsOf(pooled, () => [tf.tensor5d(x, shape)], [2, 2, 2, 3, 6]))
    })
  })

  test('a recurrent unit leaves no tensor behind', () => {
    const inputs = (): Tensor[] => [
      tf.tensor(mix.slice(0, 36), [2, 3, 6]),
      tf.tensor(x.slice(0, 12), [2, 6]),
      tf.tensor(shift, [6]),
    ]
    const unit = ([projected, kernel, bias]: Tensor[]): Tensor =>
      opsOf(tf).gru(projected as Tensor3D, kernel as Tensor2D, bias as Tensor)
    expectNothingLeft(() => gradientsOf(unit, inputs, [2, 3, 2]))
  })
})

describe('native kernels and primitive operations agree', () => {
  test.each([1, 2, 6])('on group normalisation with %i channels in a group', (perGroup) => {
    const inputs = (): Tensor[] => [tf.tensor5d(x, shape), tf.tensor1d(scale), tf.tensor1d(shift)]
    const under = (ops: FusedOps): number[][] =>
      gradientsOf(
        ([a, b, c]) =>
          ops.groupNorm(a as Tensor5D, {
            scale: b as Tensor,
            shift: c as Tensor,
            channelsPerGroup: perGroup,
            relu: true,
          }),
        inputs,
      )
    const primitive = under(primitiveOps(tf))
    for (const [k, values] of under(kernelOps(tf)).entries()) expectClose(values, primitive[k] ?? [], 1e-3)
  })

  test.each([1, 5])('on a recurrent unit of %i steps', (steps) => {
    const [sequences, hidden] = [4, 7]
    const inputs = (): Tensor[] => [
      tf.tensor(normals('inputs', steps * sequences * 3 * hidden), [steps, sequences, 3 * hidden]),
      tf.tensor(normals('kernel', 3 * hidden * hidden), [hidden, 3 * hidden]),
      tf.tensor1d(normals('bias', 3 * hidden)),
    ]
    const under = (ops: FusedOps): number[][] =>
      gradientsOf(([a, b, c]) => ops.gru(a as Tensor3D, b as Tensor2D, c as Tensor), inputs, [steps, sequences, hidden])
    const primitive = under(primitiveOps(tf))
    for (const [k, values] of under(kernelOps(tf)).entries()) expectClose(values, primitive[k] ?? [], 1e-4)
  })

  test('and groups that do not divide the channels are refused in words', () => {
    const asked = (): Tensor =>
      tf.tidy(() =>
        kernelOps(tf).groupNorm(tf.tensor5d(x, shape), {
          scale: tf.tensor1d(scale),
          shift: tf.tensor1d(shift),
          channelsPerGroup: 4,
          relu: true,
        }),
      )
    expect(asked).toThrow('groups do not divide the channels')
  })
})

/** Value, then the gradient of Σ mix·value for each input that the operation uses. */
function gradientsOf(
  operation: (inputs: Tensor[]) => Tensor,
  inputs: () => Tensor[],
  outputShape: number[] = shape,
): number[][] {
  return tf.tidy(() => {
    const given = inputs()
    const size = outputShape.reduce((a, b) => a * b, 1)
    const weights = tf.tensor(mix.slice(0, size), outputShape)
    // What an operation does not use has no gradient; a nought of each input gives it one.
    const noughts = (current: Tensor[]): Tensor => tf.addN(current.map((tensor) => tf.mul(tf.sum(tensor), 0)))
    const gradients = tf.grads((...current: Tensor[]) =>
      tf.add(tf.sum(tf.mul(operation(current), weights)), noughts(current)),
    )(given)
    return [operation(given), ...gradients].map((tensor) => [...tensor.dataSync()])
  })
}

function expectNothingLeft(work: () => unknown): void {
  const before = tf.memory().numTensors
  work()
  expect(tf.memory().numTensors).toBe(before)
}

/** Group normalisation with groups of `channelsPerGroup`, scale and shift, then what is added, then ReLU. */
function naiveGroupNorm(
  input: number[],
  gamma: number[],
  beta: number[],
  relu: boolean,
  shortcut: number[] | undefined,
): number[] {
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
        const value = normal * (gamma[i % 6] ?? 0) + (beta[i % 6] ?? 0) + (shortcut?.[i] ?? 0)
        output[i] = relu ? Math.max(0, value) : value
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
