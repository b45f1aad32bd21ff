// The average of one sealed round: which stored files it is made of, according to the run.

import type { Digest } from '../../shared/digest.ts'
import { modelManifest } from '../../shared/model/parameters.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { encodeHeader } from '../../shared/weights/safetensors.ts'
import { elementCount } from '../../shared/weights/weights.ts'
import { momentsBefore } from '../run/queries.ts'
import { findRound } from '../run/rounds.ts'
import type { ActiveRun, SealedRound } from '../run/run.ts'
import type { Blobs } from '../store/blobs.ts'
import { type Aggregation, aggregate } from './aggregate.ts'
import type { AggregationPlan, UpdateFile } from './plan.ts'

type Store = Pick<Blobs, 'put' | 'pathOf' | 'has' | 'verify'>

/**
 * Averages sealed rounds from the files of `blobs`, each of which is hashed again first; `signal` calls an average off.
 * @throws SequelaError `store_corrupt` when a file is missing or has changed, `disk_full`.
 */
export function createRoundAverage({
  blobs,
}: {
  readonly blobs: Store
}): (run: ActiveRun, round: SealedRound, signal?: AbortSignal) => Promise<Aggregation> {
  return async (run, round, signal) => {
    const manifest = modelManifest(modelOf(run.study))
    const inputs = new Set<Digest>()
    const pathOf = (digest: Digest): string | undefined => {
      inputs.add(digest)
      return blobs.pathOf(digest)
    }
    const plan = planOf(run, round, { pathOf })
    for (const digest of inputs) {
      signal?.throwIfAborted()
      await requireWhole(blobs, digest)
    }
    return aggregate({ blobs, manifest, plan, ...(signal !== undefined && { signal }) })
  }
}

/** A changed bit would go into the next weights unseen, and from there to every site. */
async function requireWhole(blobs: Store, digest: Digest): Promise<void> {
  if (await blobs.has(digest)) return blobs.verify(digest)
  throw new SequelaError(
    'store_corrupt',
    `blob ${digest} of a sealed round is gone; restore that file of the store from a backup`,
  )
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
