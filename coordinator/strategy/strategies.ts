// The strategy that a study names, for each pass over the files that it takes.

import type { Strategy as StrategySettings } from '../../shared/study/study.ts'
import { coordinateMedian, trimmedMean } from './by-rank.ts'
import { clipped } from './clipped.ts'
import { equalSites } from './equal-sites.ts'
import { type FedAdam, fedAdam } from './fed-adam.ts'
import { fedAvg } from './fed-avg.ts'
import type { Strategy } from './strategy.ts'

/** What a pass gives: the next weights, or one of the moments that FedAdam makes them of. */
export type Pass = 'weights' | 'first-moment' | 'second-moment'

/** Whether the weights are made of moments, which go before them. */
export function keepsMoments(settings: Pick<StrategySettings, 'name'>): boolean {
  return settings.name === 'fed-adam'
}

export function strategyOf(settings: StrategySettings, pass: Pass = 'weights'): Strategy {
  const named = combinationOf(settings, pass)
  // FedAdam's last pass has the moments before it, not the sites.
  if (keepsMoments(settings) && pass === 'weights') return named
  const weighted = settings.weightBy === 'sites' ? equalSites(named) : named
  return settings.clipUpdateNorm === undefined ? weighted : clipped(weighted, settings.clipUpdateNorm)
}

function combinationOf(settings: StrategySettings, pass: Pass): Strategy {
  switch (settings.name) {
    case 'fed-avg':
      return fedAvg(settings)
    case 'fed-adam':
      return passOf(fedAdam(adamOf(settings)), pass)
    case 'coordinate-median':
      return coordinateMedian(settings)
    case 'trimmed-mean':
      return trimmedMean({ ...settings, trim: settings.trim ?? 0 })
  }
}

function passOf({ firstMoment, secondMoment, step }: FedAdam, pass: Pass): Strategy {
  switch (pass) {
    case 'weights':
      return step
    case 'first-moment':
      return firstMoment
    case 'second-moment':
      return secondMoment
  }
}

function adamOf({ adam }: StrategySettings): NonNullable<StrategySettings['adam']> {
  if (adam === undefined) throw new Error('a study with fed-adam says how long its steps are')
  return adam
}
