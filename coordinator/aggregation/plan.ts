// What is to be averaged, in terms of files: enough for worker threads to do it without knowing runs or journals.

import type { Strategy as StrategySettings } from '../../shared/study/study.ts'
import type { SiteShare } from '../strategy/strategy.ts'

/** One site's stored update. */
export interface UpdateFile extends SiteShare {
  readonly file: string
}

/** An average to compute. Every file is a weights file of the same manifest; values begin at `dataOffset`. */
export interface AggregationPlan {
  readonly strategy: StrategySettings
  readonly baseFile: string
  /** Base of the round before in the same stage; absent in the first. */
  readonly previousBaseFile: string | undefined
  /** In order of site id. */
  readonly updates: readonly UpdateFile[]
  readonly dataOffset: number
  readonly elements: number
}

/** Elements combined at a time: 1 MiB of float32 from each file, 2 MiB of sums. */
export const blockElements = 256 * 1024
