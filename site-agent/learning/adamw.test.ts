import { describe, expect, test } from 'vitest'
import { createOptimiser, type Trainable } from './adamw.ts'

const still = { optimizer: 'adamw', weightDecay: 0, clipNorm: 1e9, proximal: 0 } as const

const trainable = (values: number[], learningRate = 0.1, start = values): Trainable => ({
  values: Float32Array.from(values),
  start: Float32Array.from(start),
  learningRate,
})

describe('AdamW', () => {
  test('moves by the learning rate against the sign of the gradient in its first step, whatever the size', () => {
    const parameter = trainable([1, 1, 1])
    createOptimiser([parameter], still).step([Float32Array.from([5, -0.01, 0])])
    expectValues(parameter, [0.9, 1.1, 1])
  })

  test('takes the second step that the formula gives by hand', () => {
    const parameter = trainable([1])
    const optimiser = createOptimiser([parameter], still)
    optimiser.step([Float32Array.from([2])])
    optimiser.step([Float32Array.from([-1])])
    // m = 0.9·0.2 − 0.1 = 0.08, corrected by 1 − 0.81; v = 0.999·0.004 + 0.001 = 0.004996, corrected by 1 − 0.998001.
    const update = 0.08 / 0.19 / Math.sqrt(0.004996 / 0.001999)
    expectValues(parameter, [1 - 0.1 - 0.1 * update])
  })

  test('lets weights decay apart from the gradient: by rate times decay, not through the moments', () => {
    const parameter = trainable([2])
    createOptimiser([parameter], { ...still, weightDecay: 0.5 }).step([Float32Array.from([1])])
    expectValues(parameter, [2 * (1 - 0.1 * 0.5) - 0.1])
  })

  test('of Adam itself is a part of the gradient, clipped or not', () => {
    const [parameter, twin] = [trainable([2, -1]), trainable([2, -1])]
    const adam = createOptimiser([parameter], { ...still, optimizer: 'adam', weightDecay: 0.5 })
    const plain = createOptimiser([twin], still)
    for (const [a, b] of [
      [0.3, 0.2],
      [-0.4, 0.1],
    ] as const) {
      const [x = 0, y = 0] = twin.values
      adam.step([Float32Array.from([a, b])])
      plain.step([Float32Array.from([a + 0.5 * x, b + 0.5 * y])])
    }
    expectValues(parameter, [...twin.values])
    expect(parameter.values[0]).toBeLessThan(2)
  })

  test('uses the learning rate of each parameter', () => {
    const parameters = [trainable([1], 0.1), trainable([1], 0.01)]
    createOptimiser(parameters, still).step([Float32Array.from([1]), Float32Array.from([1])])
    expectValues(parameters[0], [0.9])
    expectValues(parameters[1], [0.99])
  })

  test('scales all gradients down together to the clip norm, and leaves smaller ones alone', () => {
    const withClip = (clipNorm: number, gradients: number[][]): Float32Array[] => {
      const parameters = [trainable([0]), trainable([0])]
      const optimiser = createOptimiser(parameters, { ...still, clipNorm })
      for (const [a = 0, b = 0] of gradients) optimiser.step([Float32Array.from([a]), Float32Array.from([b])])
      return parameters.map(({ values }) => values)
    }
    // The norm of (3, 4) is 5: clipped to 1 it is (0.6, 0.8), and the second step shows how large the first counted.
    const small = [0.1, 0.2]
    expect(withClip(1, [[3, 4], small])).toEqual(withClip(1e9, [[0.6, 0.8], small]))
    expect(withClip(1, [[3, 4], small])).not.toEqual(withClip(1e9, [[3, 4], small]))
  })

  test('pulls towards where the round began by the proximal term, which clipping does not touch', () => {
    const parameter = trainable([3], 0.1, [1])
    const optimiser = createOptimiser([parameter], { ...still, clipNorm: 0.001, proximal: 0.5 })
    const twin = trainable([3])
    optimiser.step([Float32Array.from([0])])
    createOptimiser([twin], still).step([Float32Array.from([0.5 * (3 - 1)])])
    expect(parameter.values).toEqual(twin.values)
  })
})

function expectValues(parameter: Trainable | undefined, expected: number[]): void {
  for (const [i, value] of expected.entries()) expect(parameter?.values[i]).toBeCloseTo(value, 5)
}
