import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { emptyChart } from '../../shared/cohort/chart.ts'
import type { FollowUp } from '../../shared/cohort/outcome.ts'
import type { ParameterTensors } from '../../shared/model/parameter-tensors.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { scanShapeOf } from '../../shared/model/scan-shape.ts'
import { binaryModel, hazardsModel, informedModel } from '../../shared/model/testsupport/models.ts'
import { seededRandom } from '../../shared/random.ts'
import { parameterViews } from '../../shared/weights/weights.ts'
import type { Batch, BatchChild } from './batches.ts'
import { loadEngine, type Tf } from './engine.ts'
import { fusedOps } from './ops.ts'
import { canJudge, drawStarts, recurrenceLoss, riskAtEveryVisit } from './recurrence.ts'
import { toyChildren } from './testsupport/toy-children.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const asked = { head: 'binary', horizonDays: 365 } as const

const followUps = new Map<0 | 1 | null, FollowUp>([
  [0, { days: 365, event: false }],
  [1, { days: 365, event: true }],
  [null, { days: 364, event: false }],
])

const child = (firstScan: number, labels: (0 | 1 | null)[]): BatchChild => ({
  key: `from-${firstScan}`,
  firstScan,
  days: labels.map((_, visit) => 90 * visit),
  followUps: labels.map((label) => followUps.get(label) ?? null),
  chart: emptyChart,
})

describe('the loss of recurrence', () => {
  /** All parameters zero but the bias of the risk head, so that every logit is `logit`. */
  const lossAt = (logit: number, children: BatchChild[]): number =>
    tf.tidy(() => {
      const scanCount = children.reduce((sum, { days }) => sum + days.length, 0)
      const batch = batchOf(children, scanCount, new Float32Array(scanCount * 24 * 32 * 24))
      const parameters = tensorsWith((name) => (name === 'head.risk.bias' ? logit : 0))
      return recurrenceLoss(tf, fusedOps(tf), binaryModel, parameters, batch, 365).dataSync()[0] ?? Number.NaN
    })
  const [ofEvent, ofNone] = [Math.log(1 + Math.exp(-0.7)), Math.log(1 + Math.exp(0.7))]

  test('weighs a landmark by its visits, three at most, over a fixed number of landmarks', () => {
    const loss = lossAt(0.7, [child(0, [0, 0, 1, 1])])
    expect(loss).toBeCloseTo((1 * ofNone + 2 * ofNone + 3 * ofEvent + 3 * ofEvent) / (3 * 3.5), 5)
  })

  test('counts undecided landmarks as nothing, and does not let the others count more for it', () => {
    expect(lossAt(0.7, [child(0, [0, null, null, 1])])).toBeCloseTo((ofNone + 3 * ofEvent) / (3 * 3.5), 5)
    expect(lossAt(0.7, [child(0, [null, null])])).toBe(0)
  })

  test('divides by the children of the batch, so that a batch of two is the mean of both', () => {
    const [long, short] = [lossAt(0.7, [child(0, [0, 1, 1])]), lossAt(0.7, [child(0, [1])])]
    expect(lossAt(0.7, [child(0, [0, 1, 1]), child(3, [1])])).toBeCloseTo((long + short) / 2, 5)
  })
})

describe('the loss of hazards', () => {
  const logits = [-0.4, 0.3, 1.1, -1.2, 0.8, 0.1]
  const followed: (FollowUp | null)[] = [
    { days: 500, event: true },
    { days: 91, event: false },
    { days: 90, event: false },
    { days: 3000, event: false },
    null,
    { days: 10, event: true },
  ]
  const ofChild = (known: (FollowUp | null)[], firstScan = 0): BatchChild => ({
    key: `from-${firstScan}`,
    firstScan,
    days: known.map((_, visit) => 90 * visit),
    followUps: known,
    chart: emptyChart,
  })
  const parametersWith = (bias: readonly number[]): ParameterTensors =>
    new Map(
      initialWeights(hazardsModel, 1).manifest.map(({ name, shape }) => [
        name,
        name === 'head.risk.bias' ? tf.tensor1d([...bias]) : tf.zeros([...shape]),
      ]),
    )
  const lossAt = (bias: readonly number[], children: BatchChild[]): number =>
    tf.tidy(() => {
      const scanCount = children.reduce((sum, { days }) => sum + days.length, 0)
      const batch = batchOf(children, scanCount, new Float32Array(scanCount * 24 * 32 * 24))
      const loss = recurrenceLoss(tf, fusedOps(tf), hazardsModel, parametersWith(bias), batch, 365)
      return loss.dataSync()[0] ?? Number.NaN
    })
  const hazard = (bin: number): number => 1 / (1 + Math.exp(-(logits[bin] ?? Number.NaN)))

  test('is the negative log likelihood of what followed, bin by bin, by the weights of the landmarks', () => {
    const survived = (bins: number): number =>
      -Array.from({ length: bins }, (_, bin) => Math.log(1 - hazard(bin))).reduce((sum, term) => sum + term, 0)
    const expected =
      1 * (survived(4) - Math.log(hazard(4))) + 2 * survived(1) + 3 * (0 + survived(6) + 0 - Math.log(hazard(0)))
    expect(lossAt(logits, [ofChild(followed)])).toBeCloseTo(expected / (3 * 3.5), 5)
  })

  test('is the same in whatever order the children of a batch stand', () => {
    const children = [ofChild(followed), ofChild([{ days: 200, event: true }, null], 6), ofChild([null], 8)]
    expect(lossAt(logits, children.toReversed())).toBeCloseTo(lossAt(logits, children), 6)
  })

  test('learns from children who were not followed to the horizon, and nothing of what came after', () => {
    const censored = ofChild([{ days: 200, event: false }])
    const without = lossAt(logits, [censored])
    expect(without).toBeGreaterThan(0)
    for (const bin of [2, 3, 4, 5]) {
      const other = logits.map((logit, at) => (at === bin ? logit + 2 : logit))
      expect(lossAt(other, [censored])).toBe(without)
    }
  })

  test('has the gradients that finite differences have', () => {
    const batch = batchOf([ofChild(followed)], 6, noise(6 * 24 * 32 * 24))
    const untrained = /^head\.(pair|sequence|maxima)\./
    const manifest = initialWeights(hazardsModel, 1).manifest.filter(({ name }) => !untrained.test(name))
    const names = manifest.map(({ name }) => name)
    const views = parameterViews(initialWeights(hazardsModel, 2))
    const loss = (...tensors: Tensor[]): Scalar => {
      const parameters = new Map(names.map((name, k) => [name, tensors[k] as Tensor]))
      return recurrenceLoss(tf, fusedOps(tf), hazardsModel, parameters, batch, 365)
    }
    const tensorsOf = (): Tensor[] =>
      manifest.map(({ name, shape }) => tf.tensor(views.get(name)?.slice() ?? [], [...shape]))
    const lossNow = (): number => tf.tidy(() => loss(...tensorsOf()).dataSync()[0] ?? Number.NaN)
    const gradients = tf.tidy(() =>
      tf
        .grads(loss)(tensorsOf())
        .map((gradient) => [...gradient.dataSync()]),
    )
    for (const [name, at] of [
      ['head.risk.bias', 0],
      ['head.risk.bias', 5],
      ['head.risk.kernel', 17],
      ['sequence.gru.hiddenBias', 100],
      ['encoder.embedding.bias', 3],
    ] as const) {
      const values = views.get(name) ?? new Float32Array()
      const [before, step] = [values[at] ?? Number.NaN, 0.02]
      values[at] = before + step
      const above = lossNow()
      values[at] = before - step
      const below = lossNow()
      values[at] = before
      expect(gradients[names.indexOf(name)]?.[at], name).toBeCloseTo((above - below) / (2 * step), 3)
    }
  })

  function noise(length: number): Float32Array {
    const random = seededRandom('voxels')
    return Float32Array.from({ length }, () => random.normal())
  }
})

describe.each([
  { name: 'binary', model: binaryModel },
  { name: 'hazards told of time and chart', model: informedModel },
])('the risk at a visit, $name', ({ model }) => {
  /** What the risk head gives at every visit of every child, by parameters none of which is as it starts. */
  const askedAtVisits = (children: readonly BatchChild[]): number[][][] =>
    tf.tidy(() => {
      const random = seededRandom('embeddings')
      const { manifest, values } = initialWeights(model, 1)
      const views = parameterViews({ manifest, values: values.map((value) => value + 0.1 * random.normal()) })
      const parameters = new Map(
        manifest.map(({ name, shape }) => [name, tf.tensor(views.get(name) ?? [], [...shape])] as const),
      )
      const embeddings = tf.tensor2d(
        Array.from({ length: 7 * 64 }, () => random.normal()),
        [7, 64],
      )
      const { outputs, rows } = riskAtEveryVisit(tf, fusedOps(tf), model, parameters, { embeddings }, children)
      const logits = outputs.arraySync()
      return children.map((_, child) => logits.filter((_, row) => rows[row]?.child === child))
    })

  test('does not know of later scans, nor of other children', () => {
    const [all] = askedAtVisits([child(0, [0, 0, 1, 1, null]), child(5, [0, 1])])
    expect(all).toHaveLength(5)
    for (const shown of [1, 2, 3, 4]) {
      const [some] = askedAtVisits([child(0, [0, 0, 1, 1].slice(0, shown) as (0 | 1)[])])
      expect(some).toHaveLength(shown)
      for (const [visit, logits] of (some ?? []).entries()) {
        expect(logits.length).toBeGreaterThan(0)
        for (const [at, logit] of logits.entries()) expect(logit).toBeCloseTo(all?.[visit]?.[at] ?? Number.NaN, 5)
      }
    }
  })

  test('does not change with the day of the last scan, which is none of its landmark', () => {
    const last = (days: number): BatchChild => ({ ...child(0, [0, 0, 1, 1]), days: [0, 90, 180, days] })
    const [[near = []] = [], [far = []] = []] = [askedAtVisits([last(270)]), askedAtVisits([last(2700)])].map(
      ([visits = []]) => [visits],
    )
    expect(near).toHaveLength(4)
    expect(far.slice(0, 3)).toEqual(near.slice(0, 3))
    if (model.timeInput === 'fourier') expect(far[3]).not.toEqual(near[3])
  })
})

describe('children of recurrence', () => {
  test('are judged when at least one landmark says something', () => {
    const scans = (...labels: (0 | 1 | null)[]) => labels.map((label) => ({ followUp: followUps.get(label) ?? null }))
    expect(canJudge({ scans: scans(null, null) }, asked)).toBe(false)
    expect(canJudge({ scans: scans(null, 0) }, asked)).toBe(true)
    const hazards = { head: 'hazards', horizonDays: 365 } as const
    expect(canJudge({ scans: [{ followUp: { days: 91, event: false } }] }, hazards)).toBe(true)
    expect(canJudge({ scans: [{ followUp: { days: 90, event: false } }, { followUp: null }] }, hazards)).toBe(false)
  })

  test('are shown from their first visit in about half of the draws or more, else from any', () => {
    const { children } = toyChildren([4])
    const random = seededRandom('starts')
    const counts = [0, 0, 0, 0]
    for (let draw = 0; draw < 4000; draw++) {
      for (const { from } of drawStarts(children, random)) counts[from] = (counts[from] ?? 0) + 1
    }
    for (const [from, expected] of [2500, 500, 500, 500].entries()) {
      expect(Math.abs((counts[from] ?? 0) - expected)).toBeLessThan(150)
    }
  })
})

function tensorsWith(value: (name: string) => number): ParameterTensors {
  return new Map<string, Tensor>(
    initialWeights(binaryModel, 1).manifest.map(({ name, shape }) => [name, tf.fill([...shape], value(name))]),
  )
}

function batchOf(children: readonly BatchChild[], scanCount: number, values: Float32Array): Batch {
  return { children, scanCount, shape: scanShapeOf(binaryModel), values, present: new Float32Array(scanCount).fill(1) }
}
