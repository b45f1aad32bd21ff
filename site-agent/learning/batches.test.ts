import { describe, expect, test } from 'vitest'
import { emptyChart } from '../../shared/cohort/chart.ts'
import type { ScanShape } from '../../shared/model/scan-shape.ts'
import { seededRandom } from '../../shared/random.ts'
import { assemble } from './batches.ts'
import type { PreparedChild } from './trainer.ts'

const shape = { kind: 'volumes', grid: [8, 8, 8], sequences: 2 } as const satisfies ScanShape
const size = 8 ** 3

/** Two visits of one child; the second lacks its second sequence. Background is a border of one voxel. */
function twoVisits() {
  const random = seededRandom('batches')
  const inside = (i: number): boolean =>
    [i % 8, Math.floor(i / 8) % 8, Math.floor(i / 64)].every((at) => at > 0 && at < 7)
  const image = (): number[] => Array.from({ length: size }, (_, i) => (inside(i) ? 1 + random.uniform() : 0))
  const files = new Map([
    ['first', Float32Array.from([...image(), ...image()])],
    ['second', Float32Array.from([...image(), ...new Array<number>(size).fill(0)])],
  ])
  const scans = [...files.keys()].map((file, visit) => ({ file, day: 100 * visit, followUp: null, scanner: undefined }))
  const child: PreparedChild = { key: 'a', fold: 'train', scans, outcome: undefined, chart: emptyChart }
  const get = (file: string): Float32Array => files.get(file) ?? new Float32Array()
  return { child, volumes: { get } }
}

/** One sequence of one scan of a batch. */
function channel(values: Float32Array, scan: number, sequence: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => values[(scan * size + i) * 2 + sequence] ?? Number.NaN)
}

describe('a batch of visits with several sequences', () => {
  test('holds the sequences of a voxel side by side, with a flag for each that is there', () => {
    const { child, volumes } = twoVisits()
    const { values, present, scanCount } = assemble([{ child, from: 0 }], shape, volumes)
    expect(scanCount).toBe(2)
    expect([...present]).toEqual([1, 1, 1, 0])
    for (const [scan, file] of ['first', 'second'].entries()) {
      for (const sequence of [0, 1]) {
        const stored = volumes.get(file).subarray(sequence * size, (sequence + 1) * size)
        expect(channel(values, scan, sequence)).toEqual(stored)
      }
    }
  })

  test('leaves a missing sequence nought when it is augmented, and moves those of a child alike', () => {
    const { child, volumes } = twoVisits()
    for (const seed of ['one', 'two', 'three']) {
      const { values, present } = assemble([{ child, from: 0 }], shape, volumes, seededRandom(seed))
      expect([...present]).toEqual([1, 1, 1, 0])
      expect(channel(values, 1, 1).every((value) => value === 0)).toBe(true)
      const brain = (scan: number, sequence: number) =>
        channel(values, scan, sequence).map((value) => Number(value !== 0))
      expect(brain(0, 1)).toEqual(brain(0, 0))
      expect(brain(1, 0)).toEqual(brain(0, 0))
      expect(channel(values, 0, 0)).not.toEqual(volumes.get('first').subarray(0, size))
    }
  })
})
