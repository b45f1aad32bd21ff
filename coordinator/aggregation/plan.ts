// What is to be averaged, in terms of files: enough for worker threads to do it without knowing runs or journals.

import type { Strategy as StrategySettings } from '../../shared/study/study.ts'
import type { Pass } from '../strategy/strategies.ts'
import type { SiteShare } from '../strategy/strategy.ts'

/** One site's stored update. */
export interface UpdateFile extends SiteShare {
  readonly file: string
}

/** FedAdam's two moments, by file or by digest. */
export interface Moments<Name> {
  readonly first: Name
  readonly second: Name
}

/** An average to compute. Every file is a weights file of the same manifest; values begin at `dataOffset`. */
export interface AggregationPlan {
  readonly strategy: StrategySettings
  readonly baseFile: string
  /** Moments after the round before in the same stage; absent in the first, and where the strategy keeps none. */
  readonly momentFiles?: Moments<string>
  /** Base of the round before in the same stage; absent in the first. */
  readonly previousBaseFile: string | undefined
  /** In any order; they are combined in order of site id. */
  readonly updates: readonly UpdateFile[]
  readonly dataOffset: number
  readonly elements: number
}

/** One pass over files: a plan for which it is settled what is combined with what. */
export interface PassPlan extends Omit<AggregationPlan, 'baseFile' | 'momentFiles'> {
  readonly pass: Pass
  /** What the pass starts from; absent: nought everywhere. */
  readonly baseFile: string | undefined
}

/** Most elements combined at a time: 512 KiB of float32, so that the block of every file stays in a core's cache. */
const maxBlockElements = 128 * 1024

/** Fewest: reads of less than 16 KiB cost more than what they bring. */
const minBlockElements = 4 * 1024

/** Bytes that one thread may hold for reading, until blocks are at their smallest (beyond 2,000 files). */
const readingBytes = 32 * 1024 * 1024

/** Elements to combine at a time, so that memory stays the same for any number of sites. */
export function blockElementsOf(plan: Pick<AggregationPlan, 'updates'>): number {
  const files = plan.updates.length + 2
  const affordable = Math.floor(readingBytes / (files * 4))
  return Math.min(maxBlockElements, Math.max(minBlockElements, affordable))
}
