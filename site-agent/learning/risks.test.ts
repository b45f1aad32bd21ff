import { expect, test } from 'vitest'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { loadEngine } from './engine.ts'
import { childRisks } from './risks.ts'
import { scoreChildren } from './score.ts'
import { toyChildren } from './testsupport/toy-children.ts'

const { tf } = await loadEngine({ threads: 1 })
const weights = initialWeights(binaryModel, 3)
const job = { model: binaryModel, horizonDays: 365, weights, visitOfShown: 4 }

test('risks at every visit are those of a child that has no later scans', () => {
  const { children, volumes } = toyChildren([5, 2])
  const risks = childRisks(tf, volumes, { ...job, children })
  expect(risks.map(({ atVisits }) => atVisits.length)).toEqual([5, 2])
  const [first] = children
  if (first === undefined) throw new Error('there is a child')
  const short = { ...first, scans: first.scans.slice(0, 3) }
  expect(childRisks(tf, volumes, { ...job, children: [short] })[0]?.atVisits.at(-1)).toBeCloseTo(
    risks[0]?.atVisits[2] ?? 0,
    5,
  )
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
