import { describe, expect, test } from 'vitest'
import type { MetricSum } from '../../shared/study/metrics.ts'
import { addMetrics, type RoundStatus } from '../status.ts'
import { driftOf } from './drift.ts'

const metric = (name: MetricSum['name'], sum: number, count: number): MetricSum => ({
  ...{ name, sum, count, children: count },
})

function round(number: number, sites: Readonly<Record<string, readonly MetricSum[]>>): RoundStatus {
  const told = Object.entries(sites).map(([site, metrics]) => ({ site, outcome: 'counted' as const, metrics }))
  return {
    ...{ stage: 1, round: number, task: 'recurrence', state: 'published', purpose: 'training', openedAtMs: 0 },
    ...{ baseDigest: '', sites: told, late: [], metrics: addMetrics(told) },
  }
}

describe('drift of calibration', () => {
  test('compares mean risk and event rate over all landmarks of the sites, large ones counting for more', () => {
    const sites = {
      boston: [metric('mean_risk', 9, 30), metric('event_rate', 6, 30)],
      zurich: [metric('mean_risk', 4, 10), metric('event_rate', 5, 10)],
    }
    expect(driftOf([round(0, sites)])).toEqual([{ stage: 1, round: 0, meanRisk: 13 / 40, eventRate: 11 / 40 }])
  })

  test('takes both from the same landmarks: a site that may not say its event rate counts in neither', () => {
    const sites = {
      boston: [metric('mean_risk', 9, 30), metric('event_rate', 6, 30)],
      zurich: [metric('mean_risk', 90, 100)],
    }
    expect(driftOf([round(0, sites)])).toEqual([{ stage: 1, round: 0, meanRisk: 0.3, eventRate: 0.2 }])
  })

  test('leaves out rounds of which no site said both, as those of ordering', () => {
    const ordering = { boston: [metric('pair_accuracy', 9, 10)] }
    expect(driftOf([round(0, ordering), round(1, {}), round(2, { boston: [metric('mean_risk', 1, 2)] })])).toEqual([])
  })
})
