// The strategy that a study names.

import type { Strategy as StrategySettings } from '../../shared/study/study.ts'
import { clipped } from './clipped.ts'
import { fedAvg } from './fed-avg.ts'
import type { Strategy } from './strategy.ts'

export function strategyOf(settings: StrategySettings): Strategy {
  const average = fedAvg({ serverMomentum: settings.serverMomentum })
  return settings.clipUpdateNorm === undefined ? average : clipped(average, settings.clipUpdateNorm)
}
