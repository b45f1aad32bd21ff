import { expect, test } from 'vitest'
import { evaluationMetricNames, evaluationMetricOf } from './evaluation-metrics.ts'

test('a figure is found by its name', () => {
  expect(evaluationMetricNames.map(evaluationMetricOf)).toEqual(evaluationMetricNames)
})

test('a name that is no figure is an error that says which there are', () => {
  expect(() => evaluationMetricOf('acuracy')).toThrow('there is no figure "acuracy"; there are: auroc')
  expect(() => evaluationMetricOf('toString')).toThrow('there is no figure')
})
