// The children that no hospital has: read and prepared by the same code as a hospital's own, scored with finished weights.

import { join } from 'node:path'
import { labelWithin } from '../shared/cohort/outcome.ts'
import { modelOf } from '../shared/study/model-of.ts'
import { recurrenceQuestionOf } from '../shared/study/recurrence-question.ts'
import type { Study } from '../shared/study/study.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { readyCohort } from '../site-agent/children.ts'
import { siteHome } from '../site-agent/home.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'
import type { WorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { landmarkVisit } from './hospitals/cohort.ts'
import type { ChildScores } from './report/figures.ts'

/** Children of a data set, prepared; `home` keeps the cache. */
export async function preparedChildren(
  request: { readonly home: string; readonly data: string; readonly site: string; readonly study: Study },
  onProgress?: (done: number, total: number) => void,
): Promise<readonly PreparedChild[]> {
  const { home, data, site, study } = request
  const deps = { home: siteHome(join(home)), settings: { data, threads: 1 }, site }
  const { prepared } = await readyCohort(deps, { study }, onProgress === undefined ? {} : { onProgress })
  return prepared.children
}

/** The first visits up to the landmark, and only children whose outcome there is decided. */
export function upToLandmark(children: readonly PreparedChild[], study: Study): readonly PreparedChild[] {
  return children.flatMap((child) => {
    const scans = child.scans.slice(0, landmarkVisit + 1)
    const reached = scans.length === landmarkVisit + 1
    return reached && labelAtLandmark({ scans }, study) !== null ? [{ ...child, scans }] : []
  })
}

/** Scores test children with a model. Children must end at their landmark. */
export async function scoreTestChildren(
  trainer: WorkerTrainer,
  study: Study,
  weights: Weights,
  children: readonly PreparedChild[],
): Promise<readonly ChildScores[]> {
  const horizonDays = horizonOf(study)
  const scores = await trainer.score({
    model: modelOf(study),
    horizonDays,
    weights,
    children,
    seed: String(study.seed),
  })
  return scores.map((one, i) => ({
    ...one,
    label: children[i] !== undefined && labelAtLandmark(children[i], study) === 1 ? 1 : 0,
  }))
}

function labelAtLandmark({ scans }: Pick<PreparedChild, 'scans'>, study: Study): 0 | 1 | null {
  return labelWithin(scans.at(-1)?.followUp ?? null, horizonOf(study))
}

function horizonOf(study: Study): number {
  const question = recurrenceQuestionOf(study)
  if (question === undefined) throw new Error('the study does not learn recurrence')
  return question.horizonDays
}
