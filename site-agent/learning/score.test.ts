import { beforeAll, describe, expect, test } from 'vitest'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { loadEngine, type Tf } from './engine.ts'
import { type ChildScores, scoreChildren } from './score.ts'
import { toyChildren } from './testsupport/toy-children.ts'
import type { PreparedChild } from './trainer.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const toy = toyChildren([2, 6, 1, 4, 3, 5, 2, 3, 4, 2])
const weights = initialWeights(binaryModel, 1)
const score = (children: readonly PreparedChild[]): readonly ChildScores[] =>
  scoreChildren(tf, toy.volumes, { model: binaryModel, horizonDays: 365, weights, children, seed: 'orders' })

describe('scores of a child', () => {
  test('do not depend on who else is scored, nor on how many scans others have', () => {
    const together = score(toy.children)
    expect(together).toHaveLength(10)
    for (const [c, child] of toy.children.entries()) {
      const [alone] = score([child])
      expectSame(together[c], alone)
    }
  })

  test('with the last k scans shown are those of a child that has no others', () => {
    const [, child] = toy.children
    if (child === undefined) throw new Error('there are children')
    const [whole] = score([child])
    expect(whole?.riskLogits).toHaveLength(6)
    for (let k = 1; k <= 6; k++) {
      const [some] = score([{ ...child, scans: child.scans.slice(-k) }])
      expect(some?.riskLogits.at(-1)).toBeCloseTo(whole?.riskLogits[k - 1] ?? Number.NaN, 5)
    }
  })

  test('differ between the right order and a shuffled one, but for a single scan', () => {
    const scores = score(toy.children)
    for (const { days, orderedLogit, shuffledLogit } of scores) {
      expect(Math.abs(orderedLogit - shuffledLogit) < 1e-6).toBe(days.length === 1)
    }
  })

  test('leave no tensor behind', () => {
    const before = tf.memory().numTensors
    score(toy.children)
    expect(tf.memory().numTensors).toBe(before)
  })
})

function expectSame(got: ChildScores | undefined, expected: ChildScores | undefined): void {
  if (got === undefined || expected === undefined) throw new Error('each child has scores')
  expect(got.days).toEqual(expected.days)
  const numbers = (scores: ChildScores): number[] => [
    ...scores.pairScores,
    scores.orderedLogit,
    scores.shuffledLogit,
    ...scores.riskLogits,
  ]
  expect(numbers(got)).toHaveLength(numbers(expected).length)
  for (const [i, value] of numbers(got).entries()) expect(value).toBeCloseTo(numbers(expected)[i] ?? Number.NaN, 5)
}
