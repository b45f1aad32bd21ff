// Embeddings of whole children without training: a few children at a time, so that memory does not grow with the cohort.

import { type Encoded, encode } from '../../shared/model/encoder.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { networkOf } from '../../shared/model/network.ts'
import type { FusedOps, ParameterTensors } from '../../shared/model/parameter-tensors.ts'
import { scanShapeOf } from '../../shared/model/scan-shape.ts'
import { parameterViews, type Weights } from '../../shared/weights/weights.ts'
import { assemble, type Batch, scanInputs } from './batches.ts'
import type { Tf } from './engine.ts'
import { fusedOps } from './ops.ts'
import type { PreparedChild } from './trainer.ts'
import type { Volumes } from './volumes.ts'

/** Children embedded together. */
const childrenAtOnce = 8

/** What a caller gets for each group of children; tensors are disposed when the callback returns. */
export interface EmbeddedBatch {
  readonly members: readonly PreparedChild[]
  readonly batch: Batch
  readonly ops: FusedOps
  readonly parameters: ParameterTensors
  readonly encoded: Encoded
}

/** Embeds all scans of the children, group by group, and hands each group to `use`. */
export function forEachEmbedded(
  tf: Tf,
  { model, weights }: { readonly model: ModelSpec; readonly weights: Weights },
  children: readonly PreparedChild[],
  volumes: Volumes,
  use: (group: EmbeddedBatch) => void,
): void {
  const preset = networkOf(model)
  const views = parameterViews(weights)
  const ops = fusedOps(tf)
  for (let start = 0; start < children.length; start += childrenAtOnce) {
    tf.tidy(() => {
      const members = children.slice(start, start + childrenAtOnce)
      const batch = assemble(
        members.map((child) => ({ child, from: 0 })),
        scanShapeOf(model),
        volumes,
      )
      const parameters: ParameterTensors = new Map(
        weights.manifest.map(({ name, shape }) => [name, tf.tensor(views.get(name)?.slice() ?? [], [...shape])]),
      )
      const encoded = encode(tf, ops, preset, parameters, scanInputs(tf, batch))
      use({ members, batch, ops, parameters, encoded })
    })
  }
}

export interface EmbeddingJob {
  readonly model: ModelSpec
  readonly weights: Weights
  readonly children: readonly PreparedChild[]
}

/** Embeddings of every scan of every child, [child][scan][embedding]; for benchmarks and probes, never to leave a site. */
export function embedChildren(tf: Tf, volumes: Volumes, job: EmbeddingJob): number[][][] {
  const embedded: number[][][] = []
  forEachEmbedded(tf, job, job.children, volumes, ({ batch, encoded }) => {
    const rows = encoded.embeddings.arraySync()
    for (const { firstScan, days } of batch.children) embedded.push(rows.slice(firstScan, firstScan + days.length))
  })
  return embedded
}
