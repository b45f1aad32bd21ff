import { expect, test } from 'vitest'
import type { MetricSum } from '../shared/study/metrics.ts'
import type { Stage } from '../shared/study/study.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { createStageWatch, type StageWatch } from './stage-watch.ts'

const stage: Stage = {
  task: 'recurrence',
  rounds: 20,
  localEpochs: 1,
  batchChildren: 4,
  learningRate: 1e-3,
  schedule: 'cosine',
  warmupRounds: 0,
  horizonDays: 365,
}

function watching(changes: Pick<Stage, 'earlyStop' | 'select'>): StageWatch {
  const watch = createStageWatch({ ...stage, ...changes })
  if (watch === undefined) throw new Error('nothing is watched')
  return watch
}

function weights(value: number): Weights {
  return { manifest: [{ name: 'a', shape: [1] }], values: Float32Array.of(value) }
}

function sums(sum: number, count: number, name: MetricSum['name'] = 'log_loss'): MetricSum {
  return { name, sum, count, children: count }
}

test('a stage that neither stops nor chooses is not watched', () => {
  expect(createStageWatch(stage)).toBeUndefined()
})

test('the weights with the least loss over all sites are chosen, the earlier of equals, never those that the stage began with', () => {
  const watch = watching({ select: { metric: 'log_loss' } })
  watch.note(-1, weights(0), [sums(0, 10)])
  watch.note(0, weights(1), [sums(9, 10), sums(1, 10)])
  watch.note(1, weights(2), [sums(1, 10), sums(5, 10)])
  watch.note(2, weights(3), [sums(6, 20)])
  watch.note(3, weights(4), [sums(8, 10), sums(0, 90, 'brier')])
  expect(watch.chosen()?.values[0]).toBe(2)
  expect(watch.stops()).toBe(false)
})

test('of shares of right answers the greatest is best', () => {
  const watch = watching({ select: { metric: 'concordance' } })
  for (const [at, right] of [5, 8, 6].entries()) watch.note(at, weights(at), [sums(right, 10, 'concordance')])
  expect(watch.chosen()?.values[0]).toBe(1)
})

test('without a site that could say anything there is no choice and no end', () => {
  const watch = watching({ select: { metric: 'log_loss' }, earlyStop: { metric: 'log_loss', patience: 1 } })
  watch.note(0, weights(1), [])
  expect(watch.chosen()).toBeUndefined()
  expect(watch.stops()).toBe(false)
})

test('a stage ends once the metric has not improved for as many rounds as its patience', () => {
  const watch = watching({ earlyStop: { metric: 'log_loss', patience: 2 } })
  const ends = [10, 8, 9, 8].map((loss, at) => {
    watch.note(at - 1, weights(at), [sums(loss, 10)])
    return watch.stops()
  })
  expect(ends).toEqual([false, false, false, true])
  expect(watch.chosen()).toBeUndefined()
})
