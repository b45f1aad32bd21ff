// What the numbers of a site must satisfy before they are recorded.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { MetricSum } from '../../shared/study/metrics.ts'
import type { Study } from '../../shared/study/study.ts'

/**
 * A number over too few children may point at one of them; a site of ours withholds it, a changed one is refused.
 * @throws SequelaError `too_few_children`.
 */
export function requireLargeCells(metrics: readonly MetricSum[], { policy }: Pick<Study, 'policy'>): void {
  const small = metrics.find((metric) => metric.children < policy.minCell)
  if (small === undefined) return
  const message = `${small.name} rests on ${small.children} children and the study asks for ${policy.minCell}`
  throw new SequelaError('too_few_children', `${message}; it should have been withheld at the site`)
}
