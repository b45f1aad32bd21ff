// Children in batches: which come together is drawn from the round's seed; their scans are laid one after the other.

import type { Tensor5D } from '@tensorflow/tfjs-core'
import type { Chart } from '../../shared/cohort/chart.ts'
import type { FollowUp } from '../../shared/cohort/outcome.ts'
import { type Random, shuffled } from '../../shared/random.ts'
import { augmentInto, drawGeometry, drawIntensity, type Grid } from './augment.ts'
import type { Tf } from './engine.ts'
import type { PreparedChild } from './trainer.ts'
import type { Volumes } from './volumes.ts'

/** A child in a batch: scans from `firstScan` on, `days` and `followUps` of the visits that are shown. */
export interface BatchChild {
  readonly key: string
  readonly firstScan: number
  readonly days: readonly number[]
  readonly followUps: readonly (FollowUp | null)[]
  readonly chart: Chart
}

/** Scans of several children. `volumes` is [scan, depth, height, width, 1] as one array. */
export interface Batch {
  readonly children: readonly BatchChild[]
  readonly scanCount: number
  readonly volumes: Float32Array
}

/** Which visits of a child a batch shows: from `from` on. */
export interface Shown {
  readonly child: PreparedChild
  readonly from: number
}

/** Children in drawn order, `size` at a time; the last batch may be smaller. */
export function drawBatches(children: readonly PreparedChild[], size: number, random: Random): PreparedChild[][] {
  const order = shuffled(children, random)
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size))
}

/** Lays scans into one array, augmented where `random` is given. */
export function assemble(shown: readonly Shown[], grid: Grid, volumes: Volumes, random?: Random): Batch {
  const voxels = grid[0] * grid[1] * grid[2]
  const scanCount = shown.reduce((sum, { child, from }) => sum + child.scans.length - from, 0)
  const array = new Float32Array(scanCount * voxels)
  const children: BatchChild[] = []
  let scan = 0
  for (const { child, from } of shown) {
    const scans = child.scans.slice(from)
    children.push({
      key: child.key,
      firstScan: scan,
      days: scans.map(({ day }) => day),
      followUps: scans.map(({ followUp }) => followUp),
      chart: child.chart,
    })
    const geometry = random === undefined ? undefined : drawGeometry(random, grid)
    for (const { file } of scans) {
      const target = array.subarray(scan * voxels, (scan + 1) * voxels)
      const source = volumes.get(file)
      if (random === undefined || geometry === undefined) target.set(source)
      else augmentInto(target, source, grid, geometry, drawIntensity(random))
      scan++
    }
  }
  return { children, scanCount, volumes: array }
}

/** The batch's volumes as a tensor, [scan, depth, height, width, 1]; the caller owns it. */
export function volumesTensor(tf: Tf, batch: Batch, [depth, height, width]: Grid): Tensor5D {
  return tf.tensor5d(batch.volumes, [batch.scanCount, depth, height, width, 1])
}
