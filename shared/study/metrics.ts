// Numbers that sites report about the model: always a sum and a count, so that the coordinator can add up sites exactly
// and no single child's value is ever named.

import type { ModelSpec } from '../model/model-spec.ts'

/** `sum / count` is the metric; `children` is how many children stand behind it. */
export interface MetricSum {
  readonly name: MetricName
  readonly sum: number
  readonly count: number
  readonly children: number
}

/** Every metric that a site can report, with what one unit of `count` is. */
export const metricNames = {
  training_loss: 'optimiser steps of this round, mean loss of each',
  pair_accuracy: 'pairs of scans of one child in the validation fold, right when the later one scores higher',
  pair_accuracy_far: 'the same for pairs more than 24 months or at least 3 visits apart',
  sequence_accuracy: 'sequences of scans, told apart as in order or shuffled',
  ordering_loss: 'children, mean pair loss of each',
  hazard_loss: 'landmarks, negative log likelihood of what followed them under the hazards',
  log_loss: 'decided landmarks, binary log loss',
  brier: 'decided landmarks, squared error of the risk',
  mean_risk: 'decided landmarks, the risk given',
  event_rate: 'decided landmarks, 1 where an event followed within the horizon',
  concordance:
    'pairs of a landmark with and one without an event within the horizon, right when the first has more risk',
} as const satisfies Record<string, string>

export type MetricName = keyof typeof metricNames

/** Whether `name` is one of the metrics. */
export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(metricNames, name)
}

/** Shares of right answers; the other metrics are losses. */
const shares: ReadonlySet<MetricName> = new Set([
  'pair_accuracy',
  'pair_accuracy_far',
  'sequence_accuracy',
  'concordance',
])

/** Whether `value` of the metric is better than `other`. */
export function isBetter(metric: MetricName, value: number, other: number): boolean {
  return shares.has(metric) ? value > other : value < other
}

/** The best of what was measured by the metric, the earlier of equals; undefined of nothing. */
export function bestBy<T extends { readonly value: number }>(
  metric: MetricName,
  measured: readonly T[],
): T | undefined {
  return measured.reduce<T | undefined>(
    (best, one) => (best === undefined || isBetter(metric, one.value, best.value) ? one : best),
    undefined,
  )
}

/**
 * Metrics of the validation fold: what a site can say of weights that it is asked to train on. Losses come first, as they
 * move even where no answer has changed.
 */
export function validationMetrics(task: 'ordering' | 'recurrence', head: ModelSpec['head']): readonly MetricName[] {
  if (task === 'ordering') return ['ordering_loss', 'pair_accuracy', 'pair_accuracy_far', 'sequence_accuracy']
  const decided = ['log_loss', 'brier', 'concordance'] as const
  return head === 'hazards' ? ['hazard_loss', ...decided] : decided
}
