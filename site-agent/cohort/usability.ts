// Whether a child's scans are of use to a task, by the rules by which training itself counts children.

import type { Task } from '../../shared/study/study.ts'
import { canOrder } from '../learning/ordering.ts'
import { canJudge } from '../learning/recurrence.ts'
import type { CohortScan } from './cohort.ts'

/** Two scans have an order; a landmark that is decided has an answer. */
export function canTrain(task: Task, scans: readonly Pick<CohortScan, 'day' | 'label'>[]): boolean {
  return task === 'ordering' ? canOrder({ scans }) : canJudge({ labels: scans.map(({ label }) => label) })
}
