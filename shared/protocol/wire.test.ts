import { describe, expect, test } from 'vitest'
import { sha256 } from '../digest.ts'
import type { MetricSum } from '../gen/sequela/v1/federation.ts'
import { formatAssignmentId } from './assignment-id.ts'
import { maxMetricSum, maxMetrics } from './limits.ts'
import { evaluationOf } from './wire.ts'

const assignmentId = formatAssignmentId({ studyDigest: sha256('study'), stage: 0, round: 1 })
const good: MetricSum = { name: 'ordering_loss', sum: 3.5, count: 7, children: 6 }

const metricsOf = (...metrics: readonly MetricSum[]) =>
  evaluationOf({ assignmentId, baseDigest: sha256('w1'), metrics: [...metrics] }).metrics

describe('the metrics of a message', () => {
  test('are taken as they are, also of a model that is far off', () => {
    const far = { ...good, name: 'pair_accuracy', sum: -3e38 * 1e6, count: 1 }
    const none = { ...good, name: 'log_loss', sum: 0, count: 0 }
    expect(metricsOf(good, far, none)).toEqual([good, far, none])
  })

  test.each<[string, string, Partial<MetricSum>]>([
    ['not a number', 'not_finite', { sum: Number.NaN }],
    ['without an end', 'not_finite', { sum: Number.POSITIVE_INFINITY }],
    ['of endless count', 'not_finite', { count: Number.POSITIVE_INFINITY }],
    ['so large that a few of them are without an end', 'not_finite', { sum: 1e300 }],
    ['so far below nought', 'not_finite', { sum: -1e300 }],
    ['of less than one', 'message_malformed', { count: 1e-300 }],
    ['of one and a half', 'message_malformed', { count: 1.5 }],
    ['of fewer than none', 'message_malformed', { count: -1 }],
    ['of more than can be counted', 'message_malformed', { count: 1e300 }],
    ['of nobody knows what', 'message_malformed', { name: 'risk' }],
  ])('are refused when one is %s', (_, code, wrong) => {
    expect(() => metricsOf({ ...good, ...wrong })).toThrow(expect.objectContaining({ code }))
  })

  test('are refused when one is given twice, or when there are too many', () => {
    expect(() => metricsOf(good, good)).toThrow(expect.objectContaining({ code: 'message_malformed' }))
    const many = new Array<MetricSum>(maxMetrics + 1).fill(good)
    expect(() => metricsOf(...many)).toThrow(expect.objectContaining({ code: 'message_malformed' }))
  })

  test('have means that are finite numbers when all sites of the largest study give the largest sum', () => {
    const largest = metricsOf({ ...good, sum: maxMetricSum, count: 1 })
    expect(Number.isFinite(1000 * (largest[0]?.sum ?? Number.NaN))).toBe(true)
  })
})
