// How a model does on the validation fold, as sums and counts: what may leave the site through egress.ts.

import { labelWithin } from '../../shared/cohort/outcome.ts'
import { pairScores } from '../../shared/model/heads.ts'
import { presetOf } from '../../shared/model/presets.ts'
import { probabilityOf, riskLogitOf } from '../../shared/model/risk.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { seededRandom } from '../../shared/random.ts'
import type { MetricName, MetricSum } from '../../shared/study/metrics.ts'
import { forEachEmbedded } from './embed.ts'
import type { Tf } from './engine.ts'
import { askOrder, canOrder, drawQuestions, pairsOf } from './ordering.ts'
import { canJudge, riskAtEveryVisit } from './recurrence.ts'
import type { JobOptions, PreparedChild, TrainingJob } from './trainer.ts'
import type { Volumes } from './volumes.ts'

/** Pairs further apart than this many days, or visits, are "far". */
const farDays = 730
const farVisits = 3

/** Sums over the validation fold; empty when no child of it is usable. @throws SequelaError `not_finite`, `cancelled`. */
export function evaluate(
  tf: Tf,
  volumes: Volumes,
  job: TrainingJob,
  { signal }: JobOptions = {},
): readonly MetricSum[] {
  if (signal?.aborted) throw new SequelaError('cancelled', 'evaluation was called off')
  const { stage } = job
  // Measures of risk within the horizon rest on decided landmarks alone, whatever the head is trained on.
  const usable = (child: PreparedChild): boolean =>
    stage.task === 'ordering' ? canOrder(child) : canJudge(child, { head: 'binary', horizonDays: stage.horizonDays })
  const children = job.children.filter((child) => child.fold === 'validation' && usable(child))
  if (children.length === 0) return []
  const tally = createTally(children.length)
  if (stage.task === 'ordering') evaluateOrdering(tf, volumes, job, children, tally)
  else evaluateRecurrence(tf, volumes, job, stage.horizonDays, children, tally)
  return tally.sums()
}

interface Tally {
  add(name: MetricName, value: number, count?: number): void
  sums(): readonly MetricSum[]
}

function createTally(children: number): Tally {
  const totals = new Map<MetricName, { sum: number; count: number }>()
  return {
    add: (name, value, count = 1) => {
      const total = totals.get(name) ?? { sum: 0, count: 0 }
      totals.set(name, { sum: total.sum + value, count: total.count + count })
    },
    sums: () => {
      const sums = [...totals].map(([name, total]) => ({ name, ...total, children }))
      if (sums.every(({ sum }) => Number.isFinite(sum))) return sums
      throw new SequelaError('not_finite', 'the model that came gives values that are not finite numbers')
    },
  }
}

function evaluateOrdering(
  tf: Tf,
  volumes: Volumes,
  job: TrainingJob,
  children: readonly PreparedChild[],
  tally: Tally,
): void {
  const preset = presetOf(job.model.preset)
  // The same questions in every round, so that rounds can be compared.
  const random = seededRandom(`evaluation/${children.length}`)
  forEachEmbedded(tf, job, children, volumes, ({ batch, ops, parameters, embeddings }) => {
    const scores = pairScores(tf, parameters, embeddings).dataSync()
    for (const child of batch.children) {
      const pairs = pairsOf(child)
      let loss = 0
      for (const [earlier, later] of pairs) {
        const step = (scores[later] ?? Number.NaN) - (scores[earlier] ?? Number.NaN)
        loss += Math.max(-step, 0) + Math.log1p(Math.exp(-Math.abs(step)))
        const right = step > 0 ? 1 : 0
        tally.add('pair_accuracy', right)
        if (isFar(child.days, earlier - child.firstScan, later - child.firstScan)) tally.add('pair_accuracy_far', right)
      }
      tally.add('ordering_loss', loss / pairs.length)
    }
    const questions = drawQuestions(batch.children, random)
    const logits = askOrder(tf, ops, preset, parameters, embeddings, questions).dataSync()
    for (const [q, inOrder] of questions.inOrder.entries()) {
      tally.add('sequence_accuracy', (logits[q] ?? 0) > 0 === inOrder ? 1 : 0)
    }
  })
}

function isFar(days: readonly number[], earlier: number, later: number): boolean {
  return later - earlier >= farVisits || (days[later] ?? 0) - (days[earlier] ?? 0) > farDays
}

function evaluateRecurrence(
  tf: Tf,
  volumes: Volumes,
  job: TrainingJob,
  horizonDays: number,
  children: readonly PreparedChild[],
  tally: Tally,
): void {
  const preset = presetOf(job.model.preset)
  const landmarks: { visits: number; label: 0 | 1; logit: number }[] = []
  forEachEmbedded(tf, job, children, volumes, ({ batch, ops, parameters, embeddings }) => {
    const { outputs, rows } = riskAtEveryVisit(tf, ops, preset, parameters, embeddings, batch)
    const [values, width] = [outputs.dataSync(), outputs.shape[1]]
    for (const [row, { visits, followUp }] of rows.entries()) {
      const label = labelWithin(followUp, horizonDays)
      if (label === null) continue
      const logit = riskLogitOf(job.model.head, values.subarray(row * width, (row + 1) * width), horizonDays)
      landmarks.push({ visits, label, logit })
    }
  })
  for (const { label, logit } of landmarks) {
    const risk = probabilityOf(logit)
    tally.add('log_loss', Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - label * logit)
    tally.add('brier', (label - risk) ** 2)
  }
  // Compared at the same visit only: children with events have shorter histories, which must not count as skill.
  for (const positive of landmarks.filter(({ label }) => label === 1)) {
    for (const negative of landmarks) {
      if (negative.label === 1 || negative.visits !== positive.visits) continue
      const difference = positive.logit - negative.logit
      tally.add('concordance', difference > 0 ? 1 : difference === 0 ? 0.5 : 0)
    }
  }
}
