import { beforeAll, describe, expect, test } from 'vitest'
import { presets } from '../../shared/model/presets.ts'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine, type Tf } from './engine.ts'
import { blockMaxima, maximaLoss } from './maxima.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

describe('the maxima of blocks', () => {
  test.each([1, 2])(
    'are what a plain look at every block finds, voxels beyond whole blocks left out: %i sequences',
    (sequences) => {
      const [depth, height, width, edge] = [5, 7, 9, 2]
      const grid = [depth, height, width] as const
      const random = seededRandom('maxima')
      const values = Float32Array.from({ length: 2 * depth * height * width * sequences }, () => random.normal() - 3)
      const expected: number[] = []
      for (let scan = 0; scan < 2; scan++) {
        for (let z = 0; z + edge <= depth; z += edge) {
          for (let y = 0; y + edge <= height; y += edge) {
            for (let x = 0; x + edge <= width; x += edge) {
              for (let sequence = 0; sequence < sequences; sequence++) {
                const block = Array.from({ length: edge ** 3 }, (_, i) => {
                  const [dz, dy, dx] = [Math.floor(i / edge ** 2), Math.floor(i / edge) % edge, i % edge]
                  const voxel = ((scan * depth + z + dz) * height + y + (dy ?? 0)) * width + x + (dx ?? 0)
                  return values[voxel * sequences + sequence] ?? Number.NaN
                })
                expected.push(Math.max(...block))
              }
            }
          }
        }
      }
      const shape = { kind: 'volumes', grid, sequences } as const
      expect([...blockMaxima({ values, scanCount: 2, shape }, { grid, maximaBlock: edge })]).toEqual(expected)
    },
  )
})

describe('the loss of the maxima', () => {
  test('does not count a sequence that a visit lacks', () => {
    const grid = [2, 2, 2] as const
    const preset = { ...presets.tiny, grid, maximaBlock: 2 }
    const shape = { kind: 'volumes', grid, sequences: 2 } as const
    // Two scans of one block: maxima 3 and, where it is missing, 0.
    const values = Float32Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 3 : i < 16 ? 5 : 0))
    const lossOf = (present: number[]): number =>
      tf.tidy(() => {
        const batch = { children: [], scanCount: 2, shape, values, present: Float32Array.from(present) }
        const predicted = tf.tensor2d([2.5, 1, 3, 7], [2, 2])
        return maximaLoss(tf, preset, predicted, batch).dataSync()[0] ?? Number.NaN
      })
    // Errors of ½, 4, 0 and, not counted, 7.
    expect(lossOf([1, 1, 1, 0])).toBeCloseTo((0.125 + 3.5 + 0) / 3, 6)
    expect(lossOf([1, 1, 1, 1])).toBeCloseTo((0.125 + 3.5 + 0 + 6.5) / 4, 6)
  })
})
