// How a model does on the validation fold, as sums and counts: what may leave the site through egress.ts.

import { labelWithin } from '../../shared/cohort/outcome.ts'
import { pairScores } from '../../shared/model/heads.ts'
import { networkOf } from '../../shared/model/network.ts'
import { probabilityOf, riskLogitOf } from '../../shared/model/risk.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { seededRandom } from '../../shared/random.ts'
import type { MetricName, MetricSum } from '../../shared/study/metrics.ts'
import { forEachEmbedded } from './embed.ts'
import type { Tf } from './engine.ts'
import { askOrder, drawQuestions, pairsOf } from './ordering.ts'
import { answersKnown, riskAtEveryVisit } from './recurrence.ts'
import type { JobOptions, PreparedChild, TrainingJob } from './trainer.ts'
import { usableChildren } from './usable-children.ts'
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
  const children = usableChildren(job, 'validation')
  if (children.length === 0) return []
  const tally = createTally()
  if (stage.task === 'ordering') evaluateOrdering(tf, volumes, job, stage.longestSequence, children, tally)
  else evaluateRecurrence(tf, volumes, job, stage.horizonDays, children, tally)
  return tally.sums()
}

interface Tally {
  /** @param key of the child that the value is of */
  add(name: MetricName, value: number, key: string): void
  /** Says that no more than so many children stand behind a metric, however many have values in it. */
  restOn(name: MetricName, children: number): void
  sums(): readonly MetricSum[]
}

function createTally(): Tally {
  const totals = new Map<MetricName, { sum: number; count: number; keys: Set<string> }>()
  const most = new Map<MetricName, number>()
  return {
    add: (name, value, key) => {
      const total = totals.get(name) ?? { sum: 0, count: 0, keys: new Set() }
      totals.set(name, total)
      total.sum += value
      total.count++
      total.keys.add(key)
    },
    restOn: (name, children) => void most.set(name, children),
    sums: () => {
      const sums = [...totals].map(([name, { sum, count, keys }]) => {
        return { name, sum, count, children: Math.min(keys.size, most.get(name) ?? keys.size) }
      })
      if (sums.every(({ sum }) => Number.isFinite(sum))) return sums
      throw new SequelaError('not_finite', 'the model that came gives values that are not finite numbers')
    },
  }
}

function evaluateOrdering(
  tf: Tf,
  volumes: Volumes,
  job: TrainingJob,
  longestSequence: number | undefined,
  children: readonly PreparedChild[],
  tally: Tally,
): void {
  const preset = networkOf(job.model)
  // The same questions in every round, so that rounds can be compared.
  const random = seededRandom(`evaluation/${children.length}`)
  const withNearPairs = new Set<string>()
  forEachEmbedded(tf, job, children, volumes, ({ batch, ops, parameters, encoded }) => {
    const scores = pairScores(tf, parameters, encoded.embeddings).dataSync()
    for (const child of batch.children) {
      const pairs = pairsOf(child)
      let loss = 0
      for (const [earlier, later] of pairs) {
        const step = (scores[later] ?? Number.NaN) - (scores[earlier] ?? Number.NaN)
        loss += Math.max(-step, 0) + Math.log1p(Math.exp(-Math.abs(step)))
        const right = step > 0 ? 1 : 0
        tally.add('pair_accuracy', right, child.key)
        if (isFar(child.days, earlier - child.firstScan, later - child.firstScan))
          tally.add('pair_accuracy_far', right, child.key)
        else withNearPairs.add(child.key)
      }
      tally.add('ordering_loss', loss / pairs.length, child.key)
    }
    const questions = drawQuestions(batch.children, random, longestSequence)
    const logits = askOrder(tf, ops, preset, parameters, encoded, questions).dataSync()
    for (const [q, inOrder] of questions.inOrder.entries()) {
      const { key = '' } = batch.children[questions.children[q] ?? -1] ?? {}
      tally.add('sequence_accuracy', (logits[q] ?? 0) > 0 === inOrder ? 1 : 0, key)
    }
  })
  // Far pairs taken from all pairs leave the near ones, so the two together say as much of the children that have those.
  if (withNearPairs.size > 0) tally.restOn('pair_accuracy_far', withNearPairs.size)
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
  const landmarks: { child: string; visits: number; label: 0 | 1; logit: number }[] = []
  forEachEmbedded(tf, job, children, volumes, ({ batch, ops, parameters, encoded }) => {
    const { outputs, rows } = riskAtEveryVisit(tf, ops, job.model, parameters, encoded, batch.children)
    const [values, width] = [outputs.dataSync(), outputs.shape[1]]
    for (const [row, { child, visits, followUp }] of rows.entries()) {
      const given = values.subarray(row * width, (row + 1) * width)
      const key = batch.children[child]?.key ?? ''
      const known = answersKnown(followUp, { head: job.model.head, horizonDays })
      if (job.model.head === 'hazards' && known.length > 0) tally.add('hazard_loss', logLoss(given, known), key)
      const label = labelWithin(followUp, horizonDays)
      if (label === null) continue
      landmarks.push({ child: key, visits, label, logit: riskLogitOf(job.model.head, given, horizonDays) })
    }
  })
  for (const { child, label, logit } of landmarks) {
    tally.add('log_loss', logLoss([logit], [label]), child)
    tally.add('brier', (label - probabilityOf(logit)) ** 2, child)
    tally.add('mean_risk', probabilityOf(logit), child)
    tally.add('event_rate', label, child)
  }
  // How many have an event says as much of those that have none: it rests on the children of the rarer kind.
  tally.restOn('event_rate', childrenOfRarerKind(landmarks))
  // Compared at the same visit only: children with events have shorter histories, which must not count as skill.
  const compared = landmarks
    .filter(({ label }) => label === 1)
    .flatMap((positive) =>
      landmarks
        .filter(({ label, visits }) => label === 0 && visits === positive.visits)
        .map((negative) => ({ positive, negative })),
    )
  for (const { positive, negative } of compared) {
    const difference = positive.logit - negative.logit
    tally.add('concordance', difference > 0 ? 1 : difference === 0 ? 0.5 : 0, positive.child)
  }
  // The number of pairs tells how many there are of each kind, and where one child is of the rarer, the sum is its rank.
  tally.restOn('concordance', childrenOfRarerKind(compared.flatMap(({ positive, negative }) => [positive, negative])))
}

function childrenOfRarerKind(landmarks: readonly { readonly child: string; readonly label: 0 | 1 }[]): number {
  const childrenWith = (wanted: 0 | 1): number =>
    new Set(landmarks.filter(({ label }) => label === wanted).map(({ child }) => child)).size
  return Math.min(childrenWith(0), childrenWith(1))
}

/** Sum of the binary log losses of logits, as far as the answers are known. */
function logLoss(logits: ArrayLike<number>, known: readonly (0 | 1)[]): number {
  return known.reduce<number>((sum, answer, at) => {
    const logit = logits[at] ?? Number.NaN
    return sum + Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - answer * logit
  }, 0)
}
