// What the weights of a study have learnt: in its own stages, or in those of the study whose weights it judges.

import type { Study, Task } from './study.ts'

/** The task of each stage, in order. */
export function tasksOf({ from, stages }: Pick<Study, 'from' | 'stages'>): readonly Task[] {
  return from?.tasks ?? stages.map(({ task }) => task)
}
