// What a model says about single children, for whoever holds their scans: the demo's test children today, the clinician at
// the bedside later. Nothing of this may leave a site, so it is no part of what the agent asks of training.

import { pairScores } from '../../shared/model/heads.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { networkOf } from '../../shared/model/network.ts'
import { riskLogitOf } from '../../shared/model/risk.ts'
import { seededRandom, shuffled } from '../../shared/random.ts'
import type { Weights } from '../../shared/weights/weights.ts'
import { type EmbeddedBatch, forEachEmbedded } from './embed.ts'
import type { Tf } from './engine.ts'
import { historyOf, layoutOf, riskAfter } from './histories.ts'
import { askOrder } from './ordering.ts'
import type { PreparedChild } from './trainer.ts'
import type { Volumes } from './volumes.ts'

/** Scores of one child whose scans up to a landmark are given. */
export interface ChildScores {
  readonly days: readonly number[]
  /** Progression score of each scan. */
  readonly pairScores: readonly number[]
  /** Logits of "in order" for all scans in order and in one shuffled order. */
  readonly orderedLogit: number
  readonly shuffledLogit: number
  /** Logit of an event within the horizon after the last scan, when the last 1, 2, … scans are shown. */
  readonly riskLogits: readonly number[]
  /** What the risk head itself gives then: the logits of the hazards, or the one logit (shared/model/risk.ts). */
  readonly riskOutputs: readonly (readonly number[])[]
}

/** What to score: every child with all its scans, the last of which is the landmark. */
export interface ScoringJob {
  readonly model: ModelSpec
  /** The study's; of `riskLogits`. */
  readonly horizonDays: number
  readonly weights: Weights
  readonly children: readonly PreparedChild[]
  /** Draws the shuffled orders. */
  readonly seed: string
}

/** Scores in the order of the children. */
export function scoreChildren(tf: Tf, volumes: Volumes, job: ScoringJob): readonly ChildScores[] {
  const scores: ChildScores[] = []
  forEachEmbedded(tf, job, job.children, volumes, (group) => void scores.push(...scoreGroup(tf, job, group)))
  return scores
}

function scoreGroup(tf: Tf, job: ScoringJob, { batch, ops, parameters, encoded }: EmbeddedBatch): ChildScores[] {
  const preset = networkOf(job.model)
  const progression = [...pairScores(tf, parameters, encoded.embeddings).dataSync()]
  const whole = batch.children.map(({ firstScan, days }) => days.map((_, visit) => firstScan + visit))
  const mixed = batch.children.map(({ key }, i) => {
    const order = whole[i] ?? []
    const random = seededRandom(`${job.seed}/${key}`)
    for (;;) {
      const drawn = shuffled(order, random)
      if (order.length < 2 || drawn.some((scan, at) => scan !== order[at])) return drawn
    }
  })
  const ask = (orders: readonly (readonly number[])[]): Float32Array | Int32Array | Uint8Array => {
    const lengths = orders.map(({ length }) => length)
    return askOrder(tf, ops, preset, parameters, encoded, {
      layout: layoutOf(orders),
      lengths,
    }).dataSync()
  }
  const ordered = ask(whole)
  const shuffledLogits = ask(mixed)
  const longest = Math.max(...whole.map(({ length }) => length))
  const byScans = Array.from({ length: longest }, (_, k) => {
    const histories = batch.children.map((child) => {
      const last = child.days.length - 1
      return historyOf(child, Math.max(0, last - k), last)
    })
    return riskAfter(tf, ops, job.model, parameters, encoded, histories).arraySync()
  })
  return batch.children.map(({ days, firstScan }, i) => {
    const outputs = byScans.slice(0, days.length).map((shown) => shown[i] ?? [])
    return {
      days,
      pairScores: progression.slice(firstScan, firstScan + days.length),
      orderedLogit: ordered[i] ?? Number.NaN,
      shuffledLogit: shuffledLogits[i] ?? Number.NaN,
      riskLogits: outputs.map((logits) => riskLogitOf(job.model.head, logits, job.horizonDays)),
      riskOutputs: outputs,
    }
  })
}
