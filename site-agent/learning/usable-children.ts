// Which children a stage trains on and which it is judged by: one rule for training, for evaluation, and for the record of
// who took part.

import type { Fold } from '../../shared/study/folds.ts'
import { canOrder } from './ordering.ts'
import { canJudge } from './recurrence.ts'
import type { PreparedChild, TrainingJob } from './trainer.ts'

/** Whether a child can be trained on, or judged by, in a stage. */
export function isUsable({ stage, model }: Pick<TrainingJob, 'stage' | 'model'>, child: PreparedChild): boolean {
  if (stage.task === 'ordering') return canOrder(child)
  return canJudge(child, { head: model.head, horizonDays: stage.horizonDays })
}

/** The children of a fold that a job uses: those of `train` are trained on, those of `validation` say how weights do. */
export function usableChildren(
  job: Pick<TrainingJob, 'stage' | 'model' | 'children'>,
  fold: Fold,
): readonly PreparedChild[] {
  return job.children.filter((child) => child.fold === fold && isUsable(job, child))
}
