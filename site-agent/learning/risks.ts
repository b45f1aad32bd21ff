// The risk that a model gives at every visit of every child, for an evaluation: rows of single children, which go no further
// than the agent (site-agent/evaluation).

import { pairScores } from '../../shared/model/heads.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { probabilityOf, riskLogitOf } from '../../shared/model/risk.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Weights } from '../../shared/weights/weights.ts'
import { type EmbeddedBatch, forEachEmbedded } from './embed.ts'
import type { Tf } from './engine.ts'
import { historyOf, riskAfter } from './histories.ts'
import { riskAtEveryVisit } from './recurrence.ts'
import type { PreparedChild } from './trainer.ts'
import type { Volumes } from './volumes.ts'

/** Whose risks to compute, and by what. */
export interface RisksJob {
  readonly model: ModelSpec
  /** The study's. */
  readonly horizonDays: number
  readonly weights: Weights
  readonly children: readonly PreparedChild[]
  /** The visit, from 1, at which the risk is asked also with the last 1, 2, … scans shown. */
  readonly visitOfShown: number
}

export interface ChildRisks {
  /** After each visit, given the scans up to it. */
  readonly atVisits: readonly number[]
  /** At the visit of the job, with the last 1, 2, … scans shown; empty for a child with fewer visits. */
  readonly byShown: readonly number[]
  /** Progression score of each scan, and its embedding. */
  readonly progression: readonly number[]
  readonly embeddings: readonly (readonly number[])[]
}

/** In the order of the children. @throws SequelaError `not_finite`. */
export function childRisks(tf: Tf, volumes: Volumes, job: RisksJob): readonly ChildRisks[] {
  const risks: ChildRisks[] = []
  forEachEmbedded(tf, job, job.children, volumes, (group) => void risks.push(...risksOf(tf, job, group)))
  const valuesOf = ({ atVisits, byShown, progression, embeddings }: ChildRisks): number[] => [
    ...[...atVisits, ...byShown, ...progression],
    ...embeddings.flat(),
  ]
  if (risks.every((one) => valuesOf(one).every(Number.isFinite))) return risks
  throw new SequelaError('not_finite', 'the model that came gives risks that are not finite numbers')
}

function risksOf(tf: Tf, job: RisksJob, { batch, ops, parameters, encoded }: EmbeddedBatch): ChildRisks[] {
  const { model, visitOfShown } = job
  const { outputs, rows } = riskAtEveryVisit(tf, ops, model, parameters, encoded, batch.children)
  const atVisits = outputs.arraySync().map((logits) => riskOf(job, logits)) // one a row
  const long = batch.children.filter(({ days }) => days.length >= visitOfShown)
  const byShown = new Map<string, number[]>(long.map(({ key }) => [key, []]))
  for (let shown = 1; shown <= visitOfShown && long.length > 0; shown++) {
    const histories = long.map((child) => historyOf(child, visitOfShown - shown, visitOfShown - 1))
    const ends = riskAfter(tf, ops, model, parameters, encoded, histories).arraySync()
    for (const [at, { key }] of long.entries()) byShown.get(key)?.push(riskOf(job, ends[at] ?? []))
  }
  const progression = [...pairScores(tf, parameters, encoded.embeddings).dataSync()]
  const embedded = encoded.embeddings.arraySync()
  return batch.children.map(({ key, firstScan, days }, child) => ({
    progression: progression.slice(firstScan, firstScan + days.length),
    embeddings: embedded.slice(firstScan, firstScan + days.length),
    atVisits: atVisits.filter((_, row) => rows[row]?.child === child),
    byShown: byShown.get(key) ?? [],
  }))
}

function riskOf({ model, horizonDays }: RisksJob, logits: readonly number[]): number {
  return probabilityOf(riskLogitOf(model.head, logits, horizonDays))
}
