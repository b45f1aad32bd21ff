import { expect, test } from 'vitest'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel, informedModel } from '../../shared/model/testsupport/models.ts'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine } from './engine.ts'
import { childRisks } from './risks.ts'
import { scoreChildren } from './score.ts'
import { toyChildren } from './testsupport/toy-children.ts'
import type { PreparedChild } from './trainer.ts'

const { tf } = await loadEngine({ threads: 1 })
const weights = initialWeights(binaryModel, 3)
const job = { model: binaryModel, horizonDays: 365, weights, visitOfShown: 4 }

test.each([
  { name: 'binary', model: binaryModel },
  { name: 'hazards told of time and chart', model: informedModel },
])('risks at every visit are those of a child that has no later scans', ({ model }) => {
  const { children, volumes } = toyChildren([5, 2])
  const { manifest, values } = initialWeights(model, 3)
  const random = seededRandom('risks')
  // No parameter as it starts: one that is 0 would hide what the model is told of time.
  const started = { manifest, values: values.map((value) => value + 0.05 * random.normal()) }
  const risksOf = (some: readonly PreparedChild[]) =>
    childRisks(tf, volumes, { ...job, model, weights: started, children: some }).map(({ atVisits }) => atVisits)
  const [long, other] = risksOf(children)
  expect([long?.length, other?.length]).toEqual([5, 2])
  expect(new Set(long).size).toBe(5)
  for (const visits of [1, 2, 3, 4]) {
    const [short] = risksOf(children.slice(0, 1).map((child) => ({ ...child, scans: child.scans.slice(0, visits) })))
    expect(short).toHaveLength(visits)
    for (const [at, risk] of (short ?? []).entries()) expect(risk).toBeCloseTo(long?.[at] ?? Number.NaN, 5)
  }
})

test('with fewer scans shown they are what scoring says of the last ones, and there are none before that visit', () => {
  const { children, volumes } = toyChildren([6, 3])
  const live = tf.memory().numTensors
  const [long, short] = childRisks(tf, volumes, { ...job, children })
  expect(short?.byShown).toEqual([])
  const upToVisit = children.slice(0, 1).map((child) => ({ ...child, scans: child.scans.slice(0, 4) }))
  const scores = scoreChildren(tf, volumes, { ...job, children: upToVisit, seed: 'risks' })
  const expected = scores[0]?.riskLogits.map((logit) => 1 / (1 + Math.exp(-logit))) ?? []
  expect(long?.byShown).toHaveLength(4)
  for (const [shown, risk] of expected.entries()) expect(long?.byShown[shown]).toBeCloseTo(risk, 5)
  expect(tf.memory().numTensors).toBe(live)
})
