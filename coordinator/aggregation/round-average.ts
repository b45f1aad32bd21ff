// The average of one sealed round: which stored files it is made of, according to the run.

import { modelManifest } from '../../shared/model/parameters.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { encodeHeader } from '../../shared/weights/safetensors.ts'
import { elementCount } from '../../shared/weights/weights.ts'
import { momentsBefore } from '../run/queries.ts'
import { findRound } from '../run/rounds.ts'
import type { ActiveRun, SealedRound } from '../run/run.ts'
import type { Blobs } from '../store/blobs.ts'
import { type Aggregation, aggregate } from './aggregate.ts'
import type { AggregationPlan, UpdateFile } from './plan.ts'

/** Averages sealed rounds from the files of `blobs`; `signal` calls an average off. */
export function createRoundAverage({
  blobs,
}: {
  readonly blobs: Pick<Blobs, 'put' | 'pathOf'>
}): (run: ActiveRun, round: SealedRound, signal?: AbortSignal) => Promise<Aggregation> {
  return (run, round, signal) => {
    const manifest = modelManifest(modelOf(run.study))
    return aggregate({ blobs, manifest, plan: planOf(run, round, blobs), ...(signal !== undefined && { signal }) })
  }
}

/** What the average of a round is made of. The first round of a stage has no step before it, so no momentum. */
export function planOf(run: ActiveRun, round: SealedRound, blobs: Pick<Blobs, 'pathOf'>): AggregationPlan {
  const manifest = modelManifest(modelOf(run.study))
  const fileOf = (digest: SealedRound['baseDigest']): string => {
    const path = blobs.pathOf(digest)
    if (path === undefined) throw new Error('averages are computed from a store that keeps files')
    return path
  }
  const before = findRound(run, { stage: round.stage, round: round.round - 1 })
  const moments = momentsBefore(run)
  const updates = [...round.sites].flatMap(([site, settlement]): UpdateFile[] => {
    if (settlement.kind !== 'counted') return []
    const { children, norm, updateDigest } = settlement
    return [{ site, children, norm, file: fileOf(updateDigest) }]
  })
  return {
    strategy: run.study.strategy,
    baseFile: fileOf(round.baseDigest),
    previousBaseFile: before === undefined ? undefined : fileOf(before.baseDigest),
    ...(moments !== undefined && { momentFiles: { first: fileOf(moments.first), second: fileOf(moments.second) } }),
    updates,
    dataOffset: encodeHeader(manifest).byteLength,
    elements: elementCount(manifest),
  }
}
