// Children in batches: which come together is drawn from the round's seed; their scans are laid one after the other.

import type { Chart } from '../../shared/cohort/chart.ts'
import type { FollowUp } from '../../shared/cohort/outcome.ts'
import type { ScanInputs } from '../../shared/model/encoder.ts'
import { numbersOfSequence, type ScanShape } from '../../shared/model/scan-shape.ts'
import { type Random, shuffled } from '../../shared/random.ts'
import { augmentInto, drawGeometry, drawIntensity } from './augment.ts'
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

/** Scans of several children. */
export interface Batch {
  readonly children: readonly BatchChild[]
  readonly scanCount: number
  readonly shape: ScanShape
  /** Images [scan, depth, height, width, sequence] or arrays [scan, feature, sequence] as one array. */
  readonly values: Float32Array
  /** 1 where a visit has the sequence, else 0. [scan, sequence] */
  readonly present: Float32Array
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

/** Lays scans into one array; images are augmented where `random` is given. */
export function assemble(shown: readonly Shown[], shape: ScanShape, volumes: Volumes, random?: Random): Batch {
  const { sequences } = shape
  const size = numbersOfSequence(shape)
  const scanCount = shown.reduce((sum, { child, from }) => sum + child.scans.length - from, 0)
  const values = new Float32Array(scanCount * size * sequences)
  const present = new Float32Array(scanCount * sequences)
  const drawing = shape.kind === 'volumes' && random !== undefined ? { grid: shape.grid, random } : undefined
  const aside = new Float32Array(sequences === 1 ? 0 : size)
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
    const geometry = drawing && drawGeometry(drawing.random, drawing.grid)
    for (const { file } of scans) {
      const source = volumes.get(file)
      for (let sequence = 0; sequence < sequences; sequence++) {
        const image = source.subarray(sequence * size, (sequence + 1) * size)
        present[scan * sequences + sequence] = image.some((value) => value !== 0) ? 1 : 0
        const target = sequences === 1 ? values.subarray(scan * size, (scan + 1) * size) : aside
        if (drawing && geometry) augmentInto(target, image, drawing.grid, geometry, drawIntensity(drawing.random))
        else target.set(image)
        if (sequences > 1) interleave(aside, values, scan * size * sequences + sequence, sequences)
      }
      scan++
    }
  }
  return { children, scanCount, shape, values, present }
}

/** The batch as the encoder takes it; the caller owns the tensors. */
export function scanInputs(tf: Tf, { scanCount, shape, values, present }: Batch): ScanInputs {
  const { sequences } = shape
  const of = shape.kind === 'volumes' ? [...shape.grid, sequences] : [shape.length * sequences]
  const tensor = tf.tensor(values, [scanCount, ...of])
  return sequences === 1
    ? { values: tensor }
    : { values: tensor, present: tf.tensor2d(present, [scanCount, sequences]) }
}

function interleave(from: Float32Array, to: Float32Array, start: number, stride: number): void {
  for (let i = 0; i < from.length; i++) to[start + i * stride] = from[i] as number
}
