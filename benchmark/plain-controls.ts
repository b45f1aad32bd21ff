// Controls that need no network of their own: logistic regressions at landmarks on what each control may see. Federated and pooled
// are the same by construction (logistic.ts); sites alone are fitted on their own rows.

import { type Grid, imagePresets } from '../shared/model/presets.ts'
import { modelOf } from '../shared/study/model-of.ts'
import type { Study } from '../shared/study/study.ts'
import type { Weights } from '../shared/weights/weights.ts'
import type { WorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { type BenchmarkChild, type BenchmarkCohort, withKnownShare } from './cohort.ts'
import { brainVolumeAt, brightAt } from './features.ts'
import { landmarksOf, lastLabel } from './landmarks.ts'
import { localRise } from './local-rise.ts'
import { fitLogistic, logisticLogit, type Row } from './logistic.ts'
import type { BenchmarkPreset } from './options.ts'
import type { CellResult, RiskLogits } from './result.ts'

/** What a control sees: the scans that are shown, by their index in the child. */
type Look = (child: BenchmarkChild, from: number, to: number) => number[]

const ridge = 1
/** Embeddings are long and children few. */
const embeddingRidge = 20
const mostShown = 6

const looks: Readonly<Record<string, Look>> = {
  count: (_, from, to) => [to - from],
  gaps: ({ scans }, from, to) => {
    const days = scans.slice(from, to).map(({ day }) => day)
    const last = days.at(-1) ?? 0
    return [days.length, last, last - (days.at(-2) ?? last), (last - (days[0] ?? 0)) / Math.max(1, days.length - 1)]
  },
  clinical: ({ chart }) => [
    chart.ageYears ?? 9,
    (chart.ageYears ?? 9) < 3 ? 1 : 0,
    chart.sex === 'male' ? 1 : 0,
    chart.grade ?? 1,
    ...['partial', 'biopsy'].map((word) => (chart.resection === word ? 1 : 0)),
    ...['midline', 'cerebellum', 'brainstem', 'other'].map((word) => (chart.location === word ? 1 : 0)),
  ],
  'bright voxels': ({ features }, from, to) => {
    const bright = (scan: number): number[] => (features[scan] ?? []).slice(brightAt, brainVolumeAt)
    const [first, before, last] = [bright(from), bright(Math.max(from, to - 2)), bright(to - 1)]
    const minus = (a: number[], b: number[]): number[] => a.map((value, i) => value - (b[i] ?? 0))
    return [...last, ...minus(last, first), ...minus(last, before)]
  },
}

/** Where the picture rises and falls most, remembered, as landmarks of a child ask for it again and again. */
function localRises(grid: Grid): Look {
  const known = new Map<string, number[]>()
  return ({ scans }, from, to) => {
    const files = scans.slice(from, to).map(({ file }) => file)
    const key = files.join()
    const found = known.get(key) ?? localRise(grid, files)
    known.set(key, found)
    return found
  }
}

/** Runs every control at one share of the known outcomes. `weights` are those after federated ordering. */
export async function plainControls(
  preset: BenchmarkPreset,
  study: Study,
  cohort: BenchmarkCohort,
  known: number,
  trainer: WorkerTrainer,
  weights: Weights,
): Promise<CellResult> {
  const sites = new Map([...cohort.sites].map(([site, children]) => [site, withKnownShare(children, known)]))
  const controls: Record<string, Record<string, RiskLogits>> = {}
  for (const [name, look] of Object.entries({ ...looks, 'local rise': localRises(imagePresets[preset].grid) })) {
    const everybody: [string, BenchmarkChild[]][] = [['all', [...sites.values()].flat()], ...sites]
    controls[name] = Object.fromEntries(
      everybody.map(([by, children]) => [by, askAll(look, ridge, children, cohort.test)]),
    )
  }
  const children = [...sites.values()].flat().filter(({ outcome }) => outcome !== undefined)
  const embedded = new Map<string, readonly (readonly number[])[]>()
  for (const group of [children, cohort.test]) {
    const embeddings = await trainer.embed({ model: modelOf(study), weights, children: group })
    for (const [i, { key }] of group.entries()) embedded.set(key, embeddings[i] ?? [])
  }
  const meanEmbedding: Look = ({ key }, from, to) => meanOf((embedded.get(key) ?? []).slice(from, to))
  const lastEmbedding: Look = ({ key }, _, to) => [...(embedded.get(key)?.[to - 1] ?? [])]
  controls['mean of scans'] = { all: askAll(meanEmbedding, embeddingRidge, children, cohort.test) }
  controls['last scan, frozen encoder'] = { all: askAll(lastEmbedding, embeddingRidge, children, cohort.test) }
  return { kind: 'plain', labels: cohort.test.map(lastLabel), controls }
}

/** Fits on the landmarks of the children's training fold, asks the test children with their last 1, 2, … scans shown. */
function askAll(
  look: Look,
  weight: number,
  children: readonly BenchmarkChild[],
  test: readonly BenchmarkChild[],
): RiskLogits {
  const rows = landmarksOf(children.filter(({ fold }) => fold === 'train')).map(
    ({ child, visits, label }): Row => ({ features: look(child, 0, visits), label, weight: 1 }),
  )
  if (new Set(rows.map(({ label }) => label)).size < 2) return test.map(() => new Array<number>(mostShown).fill(0))
  const model = fitLogistic(rows, weight)
  return test.map((child) => {
    const to = child.scans.length
    return Array.from({ length: mostShown }, (_, k) => logisticLogit(model, look(child, Math.max(0, to - 1 - k), to)))
  })
}

function meanOf(rows: readonly (readonly number[])[]): number[] {
  return (rows[0] ?? []).map((_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length)
}
