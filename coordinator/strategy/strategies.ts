// The strategy that a study names.

import type { Strategy as StrategySettings } from '../../shared/study/study.ts'
import { coordinateMedian, trimmedMean } from './by-rank.ts'
import { clipped } from './clipped.ts'
import { equalSites } from './equal-sites.ts'
import { fedAvg } from './fed-avg.ts'
import type { Strategy } from './strategy.ts'

export function strategyOf(settings: StrategySettings): Strategy {
  const named = combinationOf(settings)
  const weighted = settings.weightBy === 'sites' ? equalSites(named) : named
  return settings.clipUpdateNorm === undefined ? weighted : clipped(weighted, settings.clipUpdateNorm)
}

function combinationOf(settings: StrategySettings): Strategy {
  switch (settings.name) {
    case 'fed-avg':
      return fedAvg(settings)
    case 'coordinate-median':
      return coordinateMedian(settings)
    case 'trimmed-mean':
      return trimmedMean({ ...settings, trim: settings.trim ?? 0 })
  }
}
