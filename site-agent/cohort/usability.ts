// Whether a child's scans are of use to a task, by the rules by which training itself counts children.

import type { RecurrenceQuestion } from '../../shared/study/recurrence-question.ts'
import type { Task } from '../../shared/study/study.ts'
import { canOrder } from '../learning/ordering.ts'
import { canJudge } from '../learning/recurrence.ts'
import type { CohortScan } from './cohort.ts'

/** Two scans have an order; a landmark with something known after it has an answer. */
export function canTrain(
  task: Task,
  scans: readonly Pick<CohortScan, 'day' | 'followUp'>[],
  question: RecurrenceQuestion | undefined,
): boolean {
  return task === 'ordering' ? canOrder({ scans }) : question !== undefined && canJudge({ scans }, question)
}
