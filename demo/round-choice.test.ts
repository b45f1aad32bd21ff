import { expect, test } from 'vitest'
import type { MetricSum } from '../shared/study/metrics.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { createRoundChoice } from './round-choice.ts'

function weights(value: number): Weights {
  return { manifest: [{ name: 'a', shape: [1] }], values: Float32Array.of(value) }
}

function loss(sum: number, count: number): MetricSum {
  return { name: 'log_loss', sum, count, children: count }
}

test('the weights with the least loss over all sites are chosen, the earlier of equals', async () => {
  const choice = createRoundChoice('log_loss')
  await choice.consider(weights(1), async () => [loss(9, 10), loss(1, 10)])
  await choice.consider(weights(2), async () => [loss(1, 10), loss(5, 10)])
  await choice.consider(weights(3), async () => [loss(6, 20)])
  await choice.consider(weights(4), async () => [loss(8, 10)])
  expect(choice.best()?.values[0]).toBe(2)
})

test('of shares of right answers the greatest is best', async () => {
  const choice = createRoundChoice('concordance')
  for (const [at, sum] of [5, 8, 6].entries()) {
    await choice.consider(weights(at), async () => [{ name: 'concordance', sum, count: 10, children: 5 }])
  }
  expect(choice.best()?.values[0]).toBe(1)
})

test('without a site that could say anything there is no choice', async () => {
  const choice = createRoundChoice('log_loss')
  await choice.consider(weights(1), async () => [])
  expect(choice.best()).toBeUndefined()
})
