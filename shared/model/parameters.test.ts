import { describe, expect, test } from 'vitest'
import { sha256 } from '../digest.ts'
import { elementCount, parameterViews } from '../weights/weights.ts'
import { initialWeights, isEncoderParameter, maximaBlocks, modelManifest } from './parameters.ts'
import { presets } from './presets.ts'
import { binaryModel } from './testsupport/models.ts'

describe('the parameters of tiny', () => {
  test('are the 115,602 that the experiments had and 2,340 of the head of maxima', () => {
    const manifest = modelManifest(binaryModel)
    const maxima = manifest.filter(({ name }) => name.startsWith('head.maxima.'))
    expect(elementCount(maxima)).toBe(2340)
    expect(elementCount(manifest)).toBe(117_942)
  })

  test('are sorted by name, which the weights file asks for', () => {
    const names = modelManifest(binaryModel).map(({ name }) => name)
    expect(names).toEqual([...names].sort())
  })

  test('belong to the encoder by their names', () => {
    const encoder = modelManifest(binaryModel).filter(({ name }) => isEncoderParameter(name))
    const convolutions = 27 * (16 + 16 * 32 + 32 * 64)
    const norms = 2 * (16 + 32 + 64)
    const embedding = 128 * 64 + 64
    expect(elementCount(encoder)).toBe(convolutions + norms + embedding)
  })

  test('predict one maximum for each whole block', () => {
    expect(maximaBlocks(presets.tiny)).toEqual([3, 4, 3])
    expect(maximaBlocks({ ...presets.tiny, grid: [25, 16, 15] })).toEqual([3, 2, 1])
  })
})

describe('the parameters of compact', () => {
  test('are those of a ResNet-18 of width 16, an embedding of both poolings, a recurrent unit and the heads', () => {
    const manifest = modelManifest({ ...binaryModel, preset: 'compact' })
    const convolution = (edge: number, inputs: number, outputs: number): number =>
      edge ** 3 * inputs * outputs + 2 * outputs
    const stride1 = (width: number): number => 2 * convolution(3, width, width)
    const stride2 = (width: number): number =>
      convolution(3, width / 2, width) + convolution(3, width, width) + convolution(1, width / 2, width)
    const layers = 2 * stride1(16) + [32, 64, 128].reduce((sum, width) => sum + stride2(width) + stride1(width), 0)
    const sequence = 2 * 128 + 3 * 128 * (256 + 128 + 2)
    const heads = 128 + 129 + 129 * 36 + 129
    const embedding = 256 * 128 + 128
    expect(elementCount(manifest)).toBe(convolution(7, 1, 16) + layers + embedding + sequence + heads)
    expect(elementCount(manifest)).toBe(2_264_822)
  })
})

describe('the parameters of paper', () => {
  test('are those of a ResNet-18 of width 64, attention and an LSTM, each of 512', () => {
    const manifest = modelManifest({ ...binaryModel, preset: 'paper' })
    const count = (prefix: string): number => elementCount(manifest.filter(({ name }) => name.startsWith(prefix)))
    // The encoder in the paper's form has 33.16 million; here an embedding of both poolings comes on top.
    expect(count('encoder.') - count('encoder.embedding')).toBe(33_160_000)
    expect(count('encoder.embedding')).toBe(1024 * 512 + 512)
    expect(count('sequence.attention')).toBe(4 * 512 * 512 + 4 * 512)
    expect(count('sequence.lstm')).toBe(4 * 512 * (512 + 512 + 2))
  })
})

describe('initial weights', () => {
  test('are these very bytes for seed 1, on every machine and in every version', () => {
    const { values } = initialWeights(binaryModel, 1)
    expect(sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))).toBe(
      '82e2cfb1a894b63b28f8dbda4f3b1652babfe1b13efebeea9ce58df77dd846d5',
    )
  })

  test('differ from seed to seed', () => {
    expect(initialWeights(binaryModel, 2).values).not.toEqual(initialWeights(binaryModel, 1).values)
  })

  test('fill ±1/√(inputs of a unit) evenly, and normalisations start as the identity', () => {
    const views = parameterViews(initialWeights(binaryModel, 1))
    const kernel = views.get('encoder.block3.kernel') ?? new Float32Array()
    const bound = 1 / Math.sqrt(27 * 32)
    const largest = kernel.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    expect(largest).toBeLessThanOrEqual(bound)
    expect(largest).toBeGreaterThan(0.999 * bound)
    const meanSquare = kernel.reduce((sum, value) => sum + value * value, 0) / kernel.length
    expect(meanSquare / (bound * bound)).toBeCloseTo(1 / 3, 2)
    expect(new Set(views.get('encoder.block1.norm.scale'))).toEqual(new Set([1]))
    expect(new Set(views.get('sequence.norm.shift'))).toEqual(new Set([0]))
  })
})
