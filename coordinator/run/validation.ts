// What the sites' validation folds say of a stage: how its weights did, round by round, whether it has stopped improving,
// and which of its weights did best. A site evaluates the weights that it is handed, so what a round reports speaks of the
// round before; the closing round of a stage speaks of its last weights. Sums and counts are added over the sites that
// reported, in order of id. When a site is missing from a round, the value rests on fewer children, and nothing corrects that.

import type { Digest } from '../../shared/digest.ts'
import { bestBy, type MetricName } from '../../shared/study/metrics.ts'
import { isActive } from './rounds.ts'
import type { Choice, EarlyStop, PublishedRound, Round, Run } from './run.ts'

/** How weights did. `round` is the one that gave them, -1 for those that the stage began with. */
interface Measured {
  readonly round: number
  readonly digest: Digest
  readonly value: number
  readonly count: number
}

/** Whether the stage of `current`, a round of it that is over but for its weights, is to end with it, and why. */
export function stopsEarly(run: Run, current: Round): EarlyStop | undefined {
  const { stage, round } = current
  const settings = run.study.stages[stage]
  if (settings?.earlyStop === undefined || round + 1 >= settings.rounds) return undefined
  const { metric, patience } = settings.earlyStop
  const measured = measurements(run, current, metric)
  const best = bestBy(metric, measured)
  if (best === undefined || measured.length - 1 - measured.indexOf(best) < patience) return undefined
  return { stage, round, metric, best: { round: best.round, value: best.value } }
}

/** Which weights the stage hands on after its closing round `current`: the best, the earlier of equals; else the last. */
export function chooseWeights(run: Run, current: Round): { readonly weightsDigest: Digest; readonly choice?: Choice } {
  const metric = run.study.stages[current.stage]?.select?.metric
  if (metric === undefined) return { weightsDigest: current.baseDigest }
  const candidates = measurements(run, current, metric).filter(({ round }) => round >= 0)
  const best = bestBy(metric, candidates)
  if (best === undefined) return { weightsDigest: current.baseDigest }
  const { digest: weightsDigest, round, value, count } = best
  return { weightsDigest, choice: { round, metric, value, count, among: candidates.length } }
}

/** What a stage was to go by, and that no site has said it of any of its weights. */
export interface Unmeasured {
  readonly stage: number
  readonly rule: 'select' | 'earlyStop'
  readonly metric: MetricName
  /** Whether the stage has ended without it. */
  readonly isOver: boolean
}

/** Rules of stages with at least one round behind them that had nothing to go by so far: no site's validation fold was large enough. */
export function unmeasured(run: Run): readonly Unmeasured[] {
  return run.study.stages.flatMap(({ select, earlyStop }, stage) => {
    const last = run.published.findLast((round) => round.stage === stage)
    if (last === undefined) return []
    const current = isActive(run) ? run.current : undefined
    const isOver = run.phase === 'finished' || (current !== undefined && current.stage > stage)
    const rules = { select: select?.metric, earlyStop: earlyStop?.metric }
    return (['select', 'earlyStop'] as const).flatMap((rule) => {
      const metric = rules[rule]
      if (metric === undefined || measurements(run, last, metric).length > 0) return []
      return [{ stage, rule, metric, isOver }]
    })
  })
}

function measurements(run: Run, current: PublishedRound | Round, metric: MetricName): readonly Measured[] {
  const rounds = [...run.published.filter(({ stage }) => stage === current.stage), current]
  return rounds.flatMap((round) => {
    const { sum, count } = pooled(round, metric)
    const value = sum / count
    // Journals of earlier versions may hold sums and counts whose mean is beyond any number; such a mean says nothing.
    return count > 0 && Number.isFinite(value)
      ? [{ round: round.round - 1, digest: round.baseDigest, value, count }]
      : []
  })
}

function pooled({ sites }: PublishedRound | Round, metric: MetricName): { sum: number; count: number } {
  const total = { sum: 0, count: 0 }
  for (const settlement of sites.values()) {
    const found = 'metrics' in settlement ? settlement.metrics.find(({ name }) => name === metric) : undefined
    total.sum += found?.sum ?? 0
    total.count += found?.count ?? 0
  }
  return total
}
