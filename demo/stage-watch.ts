// How the weights of a stage do on the validation folds, for studies that stop early or choose among their rounds: an arm then ends
// and hands on what the coordinator would (coordinator/run/validation.ts).

import { bestBy, type MetricName, type MetricSum } from '../shared/study/metrics.ts'
import type { Stage } from '../shared/study/study.ts'
import type { Weights } from '../shared/weights/weights.ts'

export interface StageWatch {
  /** Notes what all sites reported of weights. @param round which gave them, -1 for those that the stage began with */
  note(round: number, weights: Weights, sums: readonly MetricSum[]): void
  /** Whether the stage ends with the round whose weights come next. */
  readonly stops: () => boolean
  /** The best weights of the stage, the earlier of equals; undefined where nothing is to be chosen or no site could say anything. */
  readonly chosen: () => Weights | undefined
}

interface Noted {
  readonly round: number
  readonly weights: Weights
  readonly sums: readonly MetricSum[]
}

/** Undefined for a stage that needs none. */
export function createStageWatch({ earlyStop, select }: Stage): StageWatch | undefined {
  if (earlyStop === undefined && select === undefined) return undefined
  const noted: Noted[] = []
  return {
    note: (round, weights, sums) => void noted.push({ round, weights, sums }),
    stops: () => {
      if (earlyStop === undefined) return false
      const measured = measuredBy(earlyStop.metric, noted)
      const best = bestBy(earlyStop.metric, measured)
      return best !== undefined && measured.length - 1 - measured.indexOf(best) >= earlyStop.patience
    },
    chosen: () => {
      if (select === undefined) return undefined
      const candidates = noted.filter(({ round }) => round >= 0)
      return bestBy(select.metric, measuredBy(select.metric, candidates))?.weights
    },
  }
}

interface Measured {
  readonly weights: Weights
  readonly value: number
}

function measuredBy(metric: MetricName, noted: readonly Noted[]): readonly Measured[] {
  return noted.flatMap(({ weights, sums }) => {
    const ofMetric = sums.filter(({ name }) => name === metric)
    const count = ofMetric.reduce((total, one) => total + one.count, 0)
    return count === 0 ? [] : [{ weights, value: ofMetric.reduce((total, one) => total + one.sum, 0) / count }]
  })
}
