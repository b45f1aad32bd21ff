import type { Tensor5D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { emptyChart } from '../../shared/cohort/chart.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { presets } from '../../shared/model/presets.ts'
import { scanShapeOf } from '../../shared/model/scan-shape.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { seededRandom } from '../../shared/random.ts'
import { usualOrderingLosses } from '../../shared/study/study.ts'
import { parameterViews } from '../../shared/weights/weights.ts'
import type { Batch, BatchChild } from './batches.ts'
import { loadEngine, type Tf } from './engine.ts'
import { layoutOf } from './histories.ts'
import { fusedOps } from './ops.ts'
import { canOrder, drawQuestions, orderingLoss, pairsOf } from './ordering.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const child = (firstScan: number, days: number[]): BatchChild => ({
  key: `from-${firstScan}`,
  firstScan,
  days,
  followUps: days.map(() => null),
  chart: emptyChart,
})

describe('pairs', () => {
  test('are all of a child with the earlier first, without those of one day', () => {
    expect(pairsOf(child(4, [0, 10, 10, 30]))).toEqual([
      [4, 5],
      [4, 6],
      [4, 7],
      [5, 7],
      [6, 7],
    ])
  })

  test('need two different days', () => {
    const scansOn = (...days: number[]) => ({ scans: days.map((day) => ({ day })) })
    expect(canOrder(scansOn(3, 3))).toBe(false)
    expect(canOrder(scansOn(3))).toBe(false)
    expect(canOrder(scansOn(3, 4))).toBe(true)
  })
})

describe('questions of order', () => {
  const children = [child(0, [0, 1, 2, 3, 4, 5, 6, 7]), child(8, [0, 0, 9]), child(11, [5, 6])]

  test.each([
    { longest: undefined, expected: [2, 3, 4, 5, 6] },
    { longest: 5, expected: [2, 3, 4, 5] },
    { longest: 2, expected: [2] },
  ])(
    'are one sequence in order and one that is not, of 2 to $longest scans (6 if not said) of one child',
    ({ longest, expected }) => {
      const random = seededRandom('questions')
      const lengthsSeen = new Set<number>()
      for (let round = 0; round < 200; round++) {
        const { layout, lengths, inOrder } = drawQuestions(children, random, longest)
        for (const [q, length] of lengths.entries()) {
          const scans = sequenceOf(layout, q)
          expect(scans).toHaveLength(length)
          expect(new Set(scans).size).toBe(length)
          const owner = children.find(({ firstScan, days }) =>
            scans.every((scan) => scan >= firstScan && scan < firstScan + days.length),
          )
          const days = scans.map((scan) => owner?.days[scan - (owner?.firstScan ?? 0)] ?? Number.NaN)
          const rising = days.every((day, i) => i === 0 || day >= (days[i - 1] ?? 0))
          expect(rising).toBe(inOrder[q])
          lengthsSeen.add(length)
        }
      }
      expect([...lengthsSeen].sort()).toEqual(expected)
    },
  )

  test('leave the shuffled one out when the drawn scans are all of one day', () => {
    const random = seededRandom('one day')
    for (let round = 0; round < 50; round++) {
      const { inOrder } = drawQuestions([child(0, [4, 4, 4])], random)
      expect(inOrder).toEqual([true])
    }
  })

  test('are laid out step by step, with nothing after the end of a short one', () => {
    expect(layoutOf([[7, 2, 5], [3]])).toEqual({ steps: 3, sequences: 2, scans: Int32Array.from([7, 3, 2, -1, 5, -1]) })
  })
})

describe('the loss of ordering', () => {
  /** Everything zero but what is given: scores, logits and predictions are then known by hand. */
  const lossWith = (given: Record<string, (i: number) => number>, batch: Batch, parts = usualOrderingLosses): number =>
    tf.tidy(() => {
      const weights = initialWeights(binaryModel, 1)
      const parameters = new Map(
        weights.manifest.map(({ name, shape }) => {
          const size = parameterViews(weights).get(name)?.length ?? 0
          return [
            name,
            tf.tensor(
              Float32Array.from({ length: size }, (_, i) => given[name]?.(i) ?? 0),
              [...shape],
            ),
          ]
        }),
      )
      const questions = drawQuestions(batch.children, seededRandom('loss'))
      const ops = { ...fusedOps(tf), groupNorm: (x: Tensor5D) => x }
      return orderingLoss(tf, ops, presets.tiny, parameters, batch, questions, parts).dataSync()[0] ?? Number.NaN
    })

  const voxels = 24 * 32 * 24
  const batchOf = (values: number[], children: BatchChild[]): Batch => ({
    children,
    scanCount: values.length,
    shape: scanShapeOf(binaryModel),
    values: Float32Array.from({ length: values.length * voxels }, (_, i) => values[Math.floor(i / voxels)] ?? 0),
    present: new Float32Array(values.length).fill(1),
  })

  test('is log 2 for pairs, log 2 for sequences and the smooth L1 of the maxima when the model knows nothing', () => {
    // Errors of 0.5 (quadratic: 0.125) and 3 (linear: 2.5) in one half of the scans each.
    const loss = lossWith({}, batchOf([0.5, -3], [child(0, [0, 10])]))
    expect(loss).toBeCloseTo(2 * Math.log(2) + 1.5 * ((0.125 + 2.5) / 2), 4)
  })

  test('leaves out a part whose weight is 0', () => {
    const batch = batchOf([0.5, -3], [child(0, [0, 10])])
    expect(lossWith({}, batch, { pairs: 0, sequences: 2, maxima: 0 })).toBeCloseTo(2 * Math.log(2), 4)
  })

  // Kernels that pass one voxel on, without normalisation: the score of a flat scan is its value.
  const first = (i: number): number => (i === 0 ? 1 : 0)
  const given = {
    'encoder.block1.kernel': first,
    'encoder.block2.kernel': first,
    'encoder.block3.kernel': first,
    'encoder.embedding.kernel': first,
    'head.pair.kernel': first,
  }

  test('is the mean over children of the mean over their pairs, computed by hand', () => {
    const batch = batchOf([1, 2, 4, 3, 1], [child(0, [0, 10, 10]), child(3, [0, 5])])
    const ofPair = (step: number): number => Math.log(1 + Math.exp(-step))
    const pairs = ((ofPair(1) + ofPair(3)) / 2 + ofPair(-2)) / 2
    const maxima = [1, 2, 4, 3, 1].reduce((sum, value) => sum + value - 0.5, 0) / 5
    expect(lossWith(given, batch)).toBeCloseTo(pairs + Math.log(2) + 1.5 * maxima, 4)
  })

  test('is the same in whatever order the children of a batch stand', () => {
    const one = batchOf([1, 2, 4, 3], [child(0, [0, 10]), child(2, [0, 5])])
    const turned = batchOf([4, 3, 1, 2], [child(0, [0, 5]), child(2, [0, 10])])
    expect(lossWith(given, turned)).toBeCloseTo(lossWith(given, one), 6)
  })
})

function sequenceOf({ steps, sequences, scans }: ReturnType<typeof layoutOf>, q: number): number[] {
  return Array.from({ length: steps }, (_, step) => scans[step * sequences + q] ?? -1).filter((scan) => scan >= 0)
}
