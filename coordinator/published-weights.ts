// Which of a run's published weights are wanted: the last, or those that did best on the sites' validation folds. A site
// evaluates what it is handed before it trains, so the metrics of a round speak of the weights of the round before; those of
// a stage's last round are known where the stage has a closing round, which also hands on the best.

import { SequelaError } from '../shared/protocol/errors.ts'
import { isBetter, isMetricName, type MetricName, metricNames } from '../shared/study/metrics.ts'
import type { RoundStatus, RunStatus } from './status.ts'

export interface WantedWeights {
  /** Stage, from 0; absent: the last in which something was published. */
  readonly stage?: number
  /** Best by this metric; absent: the last. */
  readonly best?: string
}

export interface ChosenWeights {
  readonly digest: string
  readonly stage: number
  readonly round: number
  /** Why these, where a metric chose them; the mean over sites, from sums and counts. */
  readonly by?: { readonly metric: MetricName; readonly value: number; readonly count: number; readonly among: number }
}

/**
 * Chooses weights of a run.
 * @throws SequelaError `study_state` when nothing was published yet, or nothing that a site evaluated by the metric;
 *   `usage` for a metric that there is not, or that does not compare weights.
 */
export function chooseWeights(run: RunStatus, { stage, best }: WantedWeights): ChosenWeights {
  const published = run.rounds.filter((round) => round.state === 'published' && round.purpose !== 'pass')
  const ofStage = published.filter((round) => round.stage === (stage ?? published.at(-1)?.stage))
  const last = ofStage.at(-1)
  if (last?.weightsDigest === undefined) {
    const where = stage === undefined ? '' : ` of stage ${stage + 1}`
    throw new SequelaError('study_state', `study ${run.study} has published no weights${where} yet`)
  }
  if (best === undefined) return lastWeights(last, last.weightsDigest)
  return bestBy(comparableMetric(best), ofStage, run.study)
}

/** Those that the closing round chose, where the stage has one; else those of the last round. */
function lastWeights({ stage, round, purpose, choice }: RoundStatus, digest: string): ChosenWeights {
  if (choice !== undefined) {
    const { round: chosen, ...by } = choice
    return { digest, stage, round: chosen, by }
  }
  return { digest, stage, round: purpose === 'evaluation' ? round - 1 : round }
}

/** Of these neither more nor less is better. */
const incomparable: ReadonlySet<MetricName> = new Set(['training_loss', 'mean_risk', 'event_rate'])

function comparableMetric(name: string): MetricName {
  if (isMetricName(name) && !incomparable.has(name)) return name
  const known = Object.keys(metricNames).filter((metric) => isMetricName(metric) && !incomparable.has(metric))
  throw new SequelaError(
    'usage',
    `"${name}" does not compare weights on validation folds; there are: ${known.join(', ')}`,
  )
}

/** Weights of the stage's rounds that the round after evaluated: the last ones nobody has. */
function bestBy(metric: MetricName, rounds: readonly RoundStatus[], study: string): ChosenWeights {
  const evaluated = rounds.slice(0, -1).flatMap(({ weightsDigest, stage, round }, at) => {
    const found = rounds[at + 1]?.metrics.find(({ name }) => name === metric)
    if (weightsDigest === undefined || found === undefined || found.count === 0) return []
    return [{ digest: weightsDigest, stage, round, value: found.sum / found.count, count: found.count }]
  })
  const [first, ...others] = evaluated
  if (first === undefined) {
    throw new SequelaError(
      'study_state',
      `no site has reported ${metric} of weights that study ${study} published in this stage`,
    )
  }
  const winner = others.reduce((before, one) => (isBetter(metric, one.value, before.value) ? one : before), first)
  const { value, count, ...weights } = winner
  return { ...weights, by: { metric, value, count, among: evaluated.length } }
}
