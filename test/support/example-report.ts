// A small report with every part filled, for tests of how it is shown.

import type { RoundStatus } from '../../coordinator/status.ts'
import type { Figure, TestFigures } from '../../demo/report/figures.ts'
import { type Report, statement } from '../../demo/report/report.ts'

const figure = (value: number): Figure => ({ value, low: value - 0.1, high: value + 0.1 })

const figures = (best: number): TestFigures => ({
  children: 160,
  events: 50,
  pairAccuracy: figure(0.8),
  pairAccuracyFar: figure(0.9),
  sequenceAuroc: figure(0.9),
  aurocByScans: [0.55, 0.7, 0.75, best, best, best].map(figure),
})

const round = (task: string, stage: number, index: number): RoundStatus => ({
  stage,
  round: index,
  task,
  state: 'published',
  purpose: 'training',
  openedAtMs: 0,
  sealedAtMs: 1,
  publishedAtMs: 2,
  baseDigest: 'a'.repeat(64),
  weightsDigest: 'b'.repeat(64),
  sites: [
    { site: 'boston', outcome: 'counted', children: 20, norm: 1, bytes: 470_000, metrics: [] },
    { site: 'zurich', outcome: index === 1 ? 'missing' : 'counted', reason: 'nothing came before the round closed' },
  ],
  late: [],
  metrics: [
    { name: 'pair_accuracy', sum: 60 + index, count: 100, children: 10 },
    { name: 'training_loss', sum: 20 - index, count: 10, children: 40 },
  ],
})

/** A report whose seed is `seed`: a text that came from outside and must be shown as text. */
export function exampleReport(seed: string): Report {
  return {
    statement,
    seed,
    sites: ['boston', 'zurich'],
    childrenPerSite: 24,
    stages: [
      {
        task: 'ordering',
        rounds: [0, 1, 2].map((index) => round('ordering', 0, index)),
        weightsDigest: 'c'.repeat(64),
      },
      {
        task: 'recurrence',
        rounds: [0, 1].map((index) => round('recurrence', 1, index)),
        weightsDigest: 'd'.repeat(64),
      },
    ],
    test: {
      children: 160,
      events: 50,
      pretrained: figures(0.82),
      scratch: figures(0.75),
      alone: { boston: figures(0.7), zurich: figures(0.68) },
      pretrainedMinusScratch: figure(0.07),
    },
    egress: {
      boston: { updates: 5, answers: 0, bytes: 2_350_000, metricSums: 20, withheldMetrics: 0, declined: 0 },
      zurich: { updates: 4, answers: 0, bytes: 1_880_000, metricSums: 12, withheldMetrics: 4, declined: 1 },
    },
    timings: [{ phase: 'federated: ordering', wallSeconds: 60, cpuSeconds: 110 }],
    versions: { sequela: '0.1.0', node: '24.21.0' },
    weights: { file: 'weights.safetensors', digest: 'e'.repeat(64) },
  }
}
