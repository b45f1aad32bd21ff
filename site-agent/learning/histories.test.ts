import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Chart, emptyChart } from '../../shared/cohort/chart.ts'
import { clinicalVector } from '../../shared/model/clinical.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel, hazardsModel, informedModel } from '../../shared/model/testsupport/models.ts'
import { timePeriodsDays } from '../../shared/model/time-code.ts'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine, type Tf } from './engine.ts'
import { type History, historyOf, riskAfter } from './histories.ts'
import { fusedOps } from './ops.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const random = seededRandom('histories')
const scanCount = 7
const embeddings = Array.from({ length: scanCount * 64 }, () => random.normal())
const chart: Chart = { ...emptyChart, ageYears: 4.3, sex: 'male', resection: 'partial', location: 'midline' }

/** Parameters of a model, none as it starts. */
function valuesOf(model: ModelSpec): Map<string, { readonly shape: readonly number[]; readonly values: Float32Array }> {
  const { manifest, values } = initialWeights(model, 4)
  let offset = 0
  return new Map(
    manifest.map(({ name, shape }) => {
      const size = shape.reduce((product, length) => product * length, 1)
      const own = values.slice(offset, offset + size).map((value) => value + 0.1 * random.normal())
      offset += size
      return [name, { shape, values: own }]
    }),
  )
}
const parameters = {
  binary: valuesOf(binaryModel),
  hazards: valuesOf(hazardsModel),
  informed: valuesOf(informedModel),
}

function ask(model: ModelSpec, named: ReturnType<typeof valuesOf>, histories: readonly History[]): number[][] {
  return tf.tidy(() => {
    const tensors = new Map<string, Tensor>(
      [...named].map(([name, { shape, values }]) => [name, tf.tensor(values, [...shape])]),
    )
    const scans = tf.tensor2d(embeddings, [scanCount, 64])
    return riskAfter(tf, fusedOps(tf), model, tensors, { embeddings: scans }, histories).arraySync()
  })
}

const long: History = { scans: [0, 1, 2, 3, 4], days: [20, 150, 290, 500, 790], chart }
const upTo = (visits: number): History => {
  return { scans: long.scans.slice(0, visits), days: long.days.slice(0, visits), chart }
}
const other: History = { scans: [5, 6], days: [0, 400], chart: emptyChart }

const models = [
  { name: 'binary', model: binaryModel, named: parameters.binary },
  { name: 'hazards', model: hazardsModel, named: parameters.hazards },
  { name: 'hazards told of time and chart', model: informedModel, named: parameters.informed },
] as const

describe.each(models)('the risk after a history, $name', ({ model, named }) => {
  const close = (actual: number[] | undefined, expected: number[] | undefined): void => {
    expect(actual).toHaveLength(expected?.length ?? Number.NaN)
    for (const [at, value] of (actual ?? []).entries()) expect(value).toBeCloseTo(expected?.[at] ?? Number.NaN, 5)
  }

  test('does not know of later scans, of other histories, nor of their order', () => {
    const together = ask(model, named, [1, 2, 3, 4, 5].map(upTo).concat(other))
    for (const visits of [1, 2, 3, 4, 5]) close(ask(model, named, [upTo(visits)])[0], together[visits - 1])
    const turned = ask(model, named, [other, ...[5, 4, 3, 2, 1].map(upTo)])
    close(turned[0], together[5])
    close(turned[1], together[4])
    close(turned[5], together[0])
  })

  test('depends on the order of its scans', () => {
    const swapped = { ...long, scans: [1, 0, 2, 3, 4] }
    const [[a = 0] = [], [b = 0] = []] = ask(model, named, [long, swapped])
    expect(Math.abs(a - b)).toBeGreaterThan(1e-4)
  })

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors
    ask(model, named, [long, other])
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('time and chart', () => {
  test('mean nothing to models that are not told of them', () => {
    const elsewhere = { ...long, days: long.days.map((day) => 2 * day), chart: emptyChart }
    for (const { model, named } of models.slice(0, 2)) {
      const [a, b] = ask(model, named, [long, elsewhere])
      expect(a).toEqual(b)
    }
  })

  test('count as days before the landmark and not as days since surgery', () => {
    const later = { ...long, days: long.days.map((day) => day + 1000) }
    const wider = { ...long, days: long.days.map((day) => 2 * day) }
    const [a, b, c] = ask(informedModel, parameters.informed, [long, later, wider])
    expect(b).toEqual(a)
    expect(Math.abs((a?.[0] ?? 0) - (c?.[0] ?? 0))).toBeGreaterThan(1e-3)
  })

  test('change what the risk is when the chart changes', () => {
    const [a, b] = ask(informedModel, parameters.informed, [long, { ...long, chart: emptyChart }])
    expect(Math.abs((a?.[0] ?? 0) - (b?.[0] ?? 0))).toBeGreaterThan(1e-3)
  })

  test('begin as nought in stage 2: time adds nothing until it is trained', () => {
    const fresh = { ...hazardsModel, timeInput: 'fourier' } as const
    const start = new Map(valuesOf(fresh))
    const kernel = start.get('sequence.time.kernel')
    start.set('sequence.time.kernel', { shape: kernel?.shape ?? [], values: new Float32Array(16 * 192) })
    const withTime = ask(fresh, start, [long])[0] ?? []
    const without = ask(hazardsModel, start, [long])[0] ?? []
    for (const [at, value] of withTime.entries()) expect(value).toBeCloseTo(without[at] ?? Number.NaN, 5)
    const initial = initialWeights(fresh, 1)
    const at = initial.manifest.findIndex(({ name }) => name === 'sequence.time.kernel')
    expect(at).toBe(initial.manifest.length - 1)
    expect(initial.values.subarray(-16 * 192).every((value) => value === 0)).toBe(true)
  })

  test('give the risks that plain loops give', () => {
    const { informed } = parameters
    const actual = ask(informedModel, informed, [long])[0] ?? []
    const expected = naiveRisk(informed, long)
    for (const [at, value] of expected.entries()) expect(actual[at]).toBeCloseTo(value, 4)
    expect(actual).toHaveLength(6)
  })

  test('have the gradients that finite differences of the plain loops have', () => {
    const { informed } = parameters
    const names = ['sequence.time.kernel', 'clinical.embedding.kernel', 'clinical.norm.scale', 'head.risk.kernel']
    const gradients = tf.tidy(() => {
      const fixed = new Map<string, Tensor>(
        [...informed].map(([name, { shape, values }]) => [name, tf.tensor(values, [...shape])]),
      )
      const loss = (...given: Tensor[]): Tensor => {
        const tensors = new Map([...fixed, ...names.map((name, k): [string, Tensor] => [name, given[k] as Tensor])])
        const scans = tf.tensor2d(embeddings, [scanCount, 64]) as Tensor2D
        return tf.sum(riskAfter(tf, fusedOps(tf), informedModel, tensors, { embeddings: scans }, [long]))
      }
      return tf
        .grads(loss)(names.map((name) => fixed.get(name) as Tensor))
        .map((gradient) => gradient.dataSync())
    })
    const total = (): number => naiveRisk(informed, long).reduce((sum, value) => sum + value, 0)
    for (const [k, name] of names.entries()) {
      const values = informed.get(name)?.values ?? new Float32Array()
      for (const at of [0, 5, 12]) {
        const before = values[at] ?? Number.NaN
        values[at] = before + 1e-2
        const above = total()
        values[at] = before - 1e-2
        const below = total()
        values[at] = before
        expect(gradients[k]?.[at], `${name} ${at}`).toBeCloseTo((above - below) / 2e-2, 2)
      }
    }
  })
})

describe('a chart as numbers', () => {
  test('has thirteen, and flags what is not known', () => {
    expect(clinicalVector(chart)).toEqual([expect.closeTo(-1, 9), 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    expect(clinicalVector(emptyChart)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
  })
})

describe('the history of a child in a batch', () => {
  test('names its scans among those of the batch, and their days', () => {
    const child = { key: 'a', firstScan: 4, days: [10, 20, 40], followUps: [null, null, null], chart }
    expect(historyOf(child, 1, 2)).toEqual({ scans: [5, 6], days: [20, 40], chart })
  })
})

/** The same computed number by number, in double precision. */
function naiveRisk(named: ReturnType<typeof valuesOf>, { scans, days, chart: facts }: History): number[] {
  const value = (name: string, at: number): number => named.get(name)?.values[at] ?? Number.NaN
  const range = (length: number): number[] => Array.from({ length }, (_, at) => at)
  const normal = (x: number[], name: string): number[] => {
    const mean = x.reduce((sum, one) => sum + one, 0) / x.length
    const variance = x.reduce((sum, one) => sum + (one - mean) ** 2, 0) / x.length
    return x.map(
      (one, at) =>
        ((one - mean) / Math.sqrt(variance + 1e-5)) * value(`${name}.scale`, at) + value(`${name}.shift`, at),
    )
  }
  const product = (x: number[], name: string, outputs: number, bias?: string): number[] =>
    range(outputs).map((o) =>
      x.reduce((sum, one, i) => sum + one * value(name, i * outputs + o), bias === undefined ? 0 : value(bias, o)),
    )
  const embedded = scans.map((scan) => normal(embeddings.slice(scan * 64, scan * 64 + 64), 'sequence.norm'))
  const landmark = days.at(-1) ?? 0
  let state = range(64).map(() => 0)
  for (const [step, now] of embedded.entries()) {
    const before = embedded[step - 1] ?? now
    const seen = [...now, ...now.map((one, i) => one - (before[i] ?? 0))]
    const angle = (period: number): number => (2 * Math.PI * (landmark - (days[step] ?? 0))) / period
    const code = timePeriodsDays.flatMap((period) => [Math.sin(angle(period)), Math.cos(angle(period))])
    const input = product(seen, 'sequence.gru.inputKernel', 192, 'sequence.gru.inputBias')
    const time = product(code, 'sequence.time.kernel', 192)
    const carried = product(state, 'sequence.gru.hiddenKernel', 192, 'sequence.gru.hiddenBias')
    const gate = (at: number): number => (input[at] ?? 0) + (time[at] ?? 0)
    state = state.map((old, unit) => {
      const reset = sigmoid(gate(unit) + (carried[unit] ?? 0))
      const update = sigmoid(gate(64 + unit) + (carried[64 + unit] ?? 0))
      const candidate = Math.tanh(gate(128 + unit) + reset * (carried[128 + unit] ?? 0))
      return (1 - update) * candidate + update * old
    })
  }
  const embeddedChart = product([...clinicalVector(facts)], 'clinical.embedding.kernel', 16, 'clinical.embedding.bias')
  const known = [...state, ...normal(embeddedChart, 'clinical.norm').map((one) => Math.max(one, 0))]
  return product(known, 'head.risk.kernel', 6, 'head.risk.bias')
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}
