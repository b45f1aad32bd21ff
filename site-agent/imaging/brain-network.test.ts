import { beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine, type Tf } from '../learning/engine.ts'
import { type BrainNetwork, createFindBrainVoxels, type DilatedConvolution } from './brain-network.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const random = seededRandom('brain network')
const normals = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal())
const layer = (dilation: number, inputs: number, outputs: number): DilatedConvolution => {
  return { dilation, inputs, outputs, kernel: normals(27 * inputs * outputs) }
}

const shape = [8, 12, 4] as const
const picture = Float32Array.from({ length: 8 * 12 * 4 }, () => random.uniform())
const network: BrainNetwork = {
  hidden: [layer(4, 1, 3), layer(2, 3, 3), layer(1, 3, 3), layer(4, 3, 2), layer(1, 2, 2)],
  output: { inputs: 2, kernel: normals(4), bias: normals(2) },
}

/** The same in plain loops, voxel by voxel; values [x, y, z][channel]. Returns how much more each is brain than not. */
function oracle({ hidden, output }: BrainNetwork): number[] {
  const [width, height, depth] = shape
  const at = (x: number, y: number, z: number): number => (x * height + y) * depth + z
  let values: number[][] = [...picture].map((value) => [value])
  for (const { dilation, inputs, outputs, kernel } of hidden) {
    const convolved = values.map((_, i): number[] => {
      const [x, y, z] = [Math.floor(i / (height * depth)), Math.floor(i / depth) % height, i % depth]
      const sums = Array.from({ length: outputs }, () => 0)
      for (let tap = 0; tap < 27; tap++) {
        const [dx, dy, dz] = [Math.floor(tap / 9) - 1, (Math.floor(tap / 3) % 3) - 1, (tap % 3) - 1]
        const [fromX, fromY, fromZ] = [x + dx * dilation, y + dy * dilation, z + dz * dilation]
        if (fromX < 0 || fromY < 0 || fromZ < 0 || fromX >= width || fromY >= height || fromZ >= depth) continue
        for (let a = 0; a < inputs; a++) {
          const value = values[at(fromX, fromY, fromZ)]?.[a] ?? 0
          for (let b = 0; b < outputs; b++)
            sums[b] = (sums[b] ?? 0) + value * (kernel[(tap * inputs + a) * outputs + b] ?? 0)
        }
      }
      return sums
    })
    values = convolved.map(() => [])
    for (let b = 0; b < outputs; b++) {
      const column = convolved.map((sums) => sums[b] ?? 0)
      const mean = column.reduce((sum, value) => sum + value, 0) / column.length
      const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length
      column.forEach((value, i) => {
        values[i]?.push(gelu((value - mean) / Math.sqrt(variance + 1e-5)))
      })
    }
  }
  const score = (sums: number[], of: 0 | 1): number =>
    sums.reduce((sum, value, a) => sum + value * (output.kernel[2 * a + of] ?? 0), output.bias[of] ?? 0)
  return values.map((sums) => score(sums, 1) - score(sums, 0))
}

/** x Φ(x), with Φ by Simpson's rule. */
function gelu(x: number): number {
  const [steps, density] = [200, (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)]
  let area = 0
  for (let i = 0; i < steps; i++) {
    const [a, b] = [(x * i) / steps, (x * (i + 1)) / steps]
    area += ((b - a) / 6) * (density(a) + 4 * density((a + b) / 2) + density(b))
  }
  return x * (0.5 + area)
}

describe('a brain network', () => {
  test.each([
    { slabs: 'one slab', slabValues: 1_000_000 },
    { slabs: 'slabs of a slice each, overwriting what the next one needs', slabValues: 1 },
  ])('finds the same voxels as plain loops in $slabs', ({ slabValues }) => {
    const tensors = tf.memory().numTensors
    const shown = picture.slice()
    const find = createFindBrainVoxels(tf, network)
    // What an earlier head left in the network's memory must not be seen.
    find({ picture: picture.toReversed(), shape, slabValues })
    const brain = find({ picture: shown, shape, slabValues })
    const differences = oracle(network)
    const decided = differences.flatMap((difference, i) => (Math.abs(difference) > 1e-3 ? [i] : []))
    expect(decided.length).toBeGreaterThan(0.95 * brain.length)
    expect(decided.map((i) => brain[i])).toEqual(decided.map((i) => ((differences[i] ?? 0) > 0 ? 1 : 0)))
    expect(new Set(brain)).toEqual(new Set([0, 1]))
    expect(shown).toEqual(picture)
    expect(tf.memory().numTensors).toBe(tensors)
  })

  test('does not take a picture that its dilations do not divide', () => {
    const head = { picture: picture.subarray(0, 6 * 8 * 4), shape: [6, 8, 4] as const }
    expect(() => createFindBrainVoxels(tf, network)(head)).toThrow('no multiple of 4')
  })
})
