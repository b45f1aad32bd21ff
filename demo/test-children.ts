// The children that no hospital has: read and prepared by the same code as a hospital's own, scored with finished weights.

import { join } from 'node:path'
import { modelOf } from '../shared/study/model-of.ts'
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
export function upToLandmark(children: readonly PreparedChild[]): readonly PreparedChild[] {
  return children.flatMap((child) => {
    const scans = child.scans.slice(0, landmarkVisit + 1)
    const labels = child.labels.slice(0, landmarkVisit + 1)
    return scans.length === landmarkVisit + 1 && labels.at(-1) !== null ? [{ ...child, scans, labels }] : []
  })
}

/** Scores test children with a model. Children must end at their landmark. */
export async function scoreTestChildren(
  trainer: WorkerTrainer,
  study: Study,
  weights: Weights,
  children: readonly PreparedChild[],
): Promise<readonly ChildScores[]> {
  const scores = await trainer.score({ model: modelOf(study), weights, children, seed: String(study.seed) })
  return scores.map((one, i) => ({ ...one, label: children[i]?.labels.at(-1) === 1 ? 1 : 0 }))
}
