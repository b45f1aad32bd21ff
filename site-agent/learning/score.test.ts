import { beforeAll, describe, expect, test } from 'vitest'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel, hazardsModel, informedModel } from '../../shared/model/testsupport/models.ts'
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

describe.each([
  { name: 'binary', model: binaryModel },
  { name: 'hazards', model: hazardsModel },
  { name: 'hazards told of time and chart', model: informedModel },
])('the risk of a child, $name', ({ model }) => {
  const own = { model, weights: initialWeights(model, 2), horizonDays: 365, seed: 'orders' }
  const risks = (children: readonly PreparedChild[], { volumes } = toy): number[][] =>
    scoreChildren(tf, volumes, { ...own, children }).map(({ riskLogits }) => [...riskLogits])
  const expectClose = (got: readonly number[] | undefined, expected: readonly number[] | undefined): void => {
    expect(got).toHaveLength(expected?.length ?? Number.NaN)
    for (const [i, value] of (got ?? []).entries()) expect(value).toBeCloseTo(expected?.[i] ?? Number.NaN, 5)
  }

  test('does not depend on the order in which children are asked about, nor on their keys and the names of files', () => {
    const expected = risks(toy.children)
    const turned = risks(toy.children.toReversed())
    for (const [c, logits] of turned.entries()) expectClose(logits, expected.at(-(c + 1)))
    const renamed = toy.children.map((child, c) => ({
      ...child,
      key: `another-${10 - c}`,
      scans: child.scans.map((scan) => ({ ...scan, file: `z${scan.file}` })),
    }))
    const get = (file: string): Float32Array => toy.volumes.get(file.slice(1))
    expect(risks(renamed, { ...toy, volumes: { get } })).toEqual(expected)
  })

  test('does not depend on what became of it', () => {
    const outcome = { eventDay: 9000, eventType: 'recurrence', ending: 'event', lastFollowUpDay: 9999 } as const
    const told = toy.children.map((child) => ({
      ...child,
      outcome: { ...outcome, treatmentChangeDay: 1 },
      scans: child.scans.map((scan) => ({ ...scan, followUp: { days: 3, event: true } })),
    }))
    expect(risks(told)).toEqual(risks(toy.children))
  })

  test('at a visit is the same whether or not there are later scans', () => {
    const [, child] = toy.children
    if (child === undefined) throw new Error('there are children')
    const early = { ...child, scans: child.scans.slice(0, 3) }
    const others = [child, early, { ...child, scans: child.scans.slice(0, 4) }]
    expectClose(risks([early])[0], risks(others)[1])
  })
})

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
