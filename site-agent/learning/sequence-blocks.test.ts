import type { Tensor, Tensor2D, Tensor3D, Tensor5D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { emptyChart } from '../../shared/cohort/chart.ts'
import type { Encoded } from '../../shared/model/encoder.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { networkOf } from '../../shared/model/network.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { type Temporal, temporals } from '../../shared/model/presets.ts'
import { runSequences } from '../../shared/model/sequence.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { seededRandom } from '../../shared/random.ts'
import { parameterViews } from '../../shared/weights/weights.ts'
import { loadEngine, type Tf } from './engine.ts'
import { layoutOf, riskAfter } from './histories.ts'
import { fusedOps } from './ops.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const scanCount = 9
const random = seededRandom('blocks')
const embeddings = Float32Array.from({ length: scanCount * 64 }, () => random.normal())
const mapShape = [scanCount, 2, 3, 2, 16] as const
const maps = Float32Array.from({ length: scanCount * 2 * 3 * 2 * 16 }, () => random.normal())

function encodedScans(): Encoded {
  return { embeddings: tf.tensor2d(embeddings, [scanCount, 64]), maps: tf.tensor5d(maps, [...mapShape]) }
}

function tensorsOf(model: ModelSpec): Map<string, Tensor> {
  const weights = initialWeights(model, 5)
  const views = parameterViews(weights)
  return new Map(
    weights.manifest.map(({ name, shape }) => [
      name,
      tf.tensor(
        Float32Array.from(views.get(name) ?? [], (value) => value + 0.05 * random.normal()),
        [...shape],
      ),
    ]),
  )
}

describe.each(temporals.map((temporal) => ({ temporal })))('the block $temporal', ({ temporal }) => {
  const model: ModelSpec = { ...binaryModel, temporal }
  /** States after the last scans of sequences. */
  const lastStates = (parameters: ReadonlyMap<string, Tensor>, sequences: number[][], of: Encoded): Tensor2D => {
    const layout = layoutOf(sequences)
    const states = runSequences(tf, fusedOps(tf), networkOf(model), parameters, of, layout)
    const rows = tf.reshape(states, [layout.steps * layout.sequences, 64])
    const last = sequences.map(({ length }, q) => (length - 1) * layout.sequences + q)
    return tf.gather(rows, tf.tensor1d(last, 'int32')) as Tensor2D
  }

  test('says the same of a sequence alone and beside longer ones', () => {
    tf.tidy(() => {
      const parameters = tensorsOf(model)
      const scans = encodedScans()
      const alone = [[3, 1], [8]].map((sequence) => [...lastStates(parameters, [sequence], scans).dataSync()])
      const together = lastStates(parameters, [[0, 1, 2, 4, 5], [3, 1], [8]], scans).arraySync()
      for (const [q, state] of alone.entries()) {
        for (const [unit, value] of state.entries()) expect(together[q + 1]?.[unit]).toBeCloseTo(value, 5)
      }
    })
  })

  test.each([
    { sequences: [[0, 1, 2], [5]] },
    // As in a batch whose children are all shown from their last visit on.
    { sequences: [[3], [5]] },
  ])('has the gradients that finite differences have, of scans $sequences', ({ sequences }) => {
    tf.tidy(() => {
      const all = tensorsOf(model)
      const names = [...all.keys()].filter((name) => name.startsWith('sequence.'))
      const mix = tf.tensor2d(
        Float32Array.from({ length: 2 * 64 }, () => random.normal()),
        [2, 64],
      )
      const scans = encodedScans()
      const compared = temporal === 'change-gru' ? [scans.maps as Tensor5D] : []
      const loss = (...[embedded, ...rest]: Tensor[]): Tensor => {
        const tensors = rest.slice(compared.length)
        const parameters = new Map([...all, ...names.map((name, k) => [name, tensors[k] as Tensor] as const)])
        const encoded = { embeddings: embedded as Tensor2D, ...(compared.length > 0 && { maps: rest[0] as Tensor5D }) }
        return tf.sum(tf.mul(lastStates(parameters, sequences, encoded), mix))
      }
      const given = [scans.embeddings, ...compared, ...names.map((name) => all.get(name) as Tensor)]
      const gradients = tf.grads(loss)(given)
      // Along a random direction of every input, because single numbers drown in the rounding of float32.
      for (const [k, tensor] of given.entries()) {
        const direction = tf.tensor(
          Float32Array.from({ length: tensor.size }, () => random.normal()),
          tensor.shape,
        )
        const step = 1e-2 / Math.sqrt(tensor.size)
        const at = (sign: number): number => {
          const moved = given.map((other, j) => (j === k ? tf.add(other, tf.mul(direction, sign * step)) : other))
          return loss(...moved).dataSync()[0] ?? Number.NaN
        }
        const expected = (at(1) - at(-1)) / (2 * step)
        const got = tf.sum(tf.mul(gradients[k] as Tensor, direction)).dataSync()[0] ?? Number.NaN
        expect(Math.abs(got - expected)).toBeLessThan(0.02 * Math.max(1, Math.abs(expected)))
      }
    })
  })

  test('does not let later scans change what was said before', () => {
    tf.tidy(() => {
      const parameters = tensorsOf(model)
      const scans = encodedScans()
      const history = (length: number) => ({
        scans: Array.from({ length }, (_, i) => i),
        days: Array.from({ length }, (_, i) => 90 * i),
        chart: emptyChart,
      })
      const ask = (lengths: number[]): number[] => [
        ...riskAfter(tf, fusedOps(tf), model, parameters, scans, lengths.map(history)).dataSync(),
      ]
      const [early, late] = [ask([1, 2, 3]), ask([1, 2, 3, 4, 5, 6])]
      for (const [k, risk] of early.entries()) expect(late[k]).toBeCloseTo(risk, 5)
    })
  })
})

test('the mean is that of the normalised scans so far', () => {
  tf.tidy(() => {
    const model: ModelSpec = { ...binaryModel, temporal: 'mean' satisfies Temporal }
    const parameters = new Map<string, Tensor>([
      ['sequence.norm.scale', tf.ones([64])],
      ['sequence.norm.shift', tf.zeros([64])],
    ])
    const layout = layoutOf([[2, 0, 7]])
    const scans = encodedScans()
    const states = runSequences(tf, fusedOps(tf), networkOf(model), parameters, scans, layout).arraySync()
    const normal = (scan: number): number[] => {
      const row = [...embeddings.slice(scan * 64, scan * 64 + 64)]
      const mean = row.reduce((sum, value) => sum + value, 0) / 64
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 64
      return row.map((value) => (value - mean) / Math.sqrt(variance + 1e-5))
    }
    const [first, second, third] = [normal(2), normal(0), normal(7)]
    for (let i = 0; i < 64; i++) {
      const expected = ((first?.[i] ?? 0) + (second?.[i] ?? 0) + (third?.[i] ?? 0)) / 3
      expect(states[2]?.[0]?.[i]).toBeCloseTo(expected, 5)
    }
  })
})

test('a departure is a scan less the mean of those before it: its mean, largest rise and largest fall, and nothing at first', () => {
  tf.tidy(() => {
    const model: ModelSpec = { ...binaryModel, temporal: 'change-gru' satisfies Temporal }
    const all = tensorsOf(model)
    const seen: Tensor[] = []
    const ops = {
      ...fusedOps(tf),
      gru: (inputs: Tensor3D) => {
        seen.push(inputs)
        return tf.zeros([inputs.shape[0], inputs.shape[1], 64]) as Tensor3D
      },
    }
    // The gates are shown what was seen as it is.
    const shown = tf.concat([tf.zeros([128, 192]), tf.concat([tf.eye(64), tf.zeros([64, 128])], 1)])
    const parameters = new Map(all)
      .set('sequence.gru.inputKernel', shown)
      .set('sequence.gru.inputBias', tf.zeros([192]))
    runSequences(tf, ops, networkOf(model), parameters, encodedScans(), layoutOf([[2, 0, 7], [4]]))
    const rows = (seen[0] as Tensor3D).arraySync() // [step, sequence, 3·hidden]
    const expected = departure(all, [2, 0], 7)
    for (const [unit, value] of expected.entries()) expect(rows[2]?.[0]?.[unit]).toBeCloseTo(value, 4)
    for (const nought of [rows[0]?.[0], rows[0]?.[1], rows[1]?.[1]]) {
      expect(nought?.slice(0, 64).every((value) => value === 0)).toBe(true)
    }
  })
})

test('a landmark is judged by the latest scans alone, as many as the preset takes', () => {
  const model: ModelSpec = { ...binaryModel, preset: 'embeddings', features: 2 }
  tf.tidy(() => {
    const parameters = tensorsOf(model)
    const drawn = Float32Array.from({ length: scanCount * 128 }, () => random.normal())
    const scans = { embeddings: tf.tensor2d(drawn, [scanCount, 128]) }
    const ask = (from: number, to: number): number => {
      const visits = Array.from({ length: to - from }, (_, i) => from + i)
      const history = { scans: visits, days: visits.map((visit) => 90 * visit), chart: emptyChart }
      return riskAfter(tf, fusedOps(tf), model, parameters, scans, [history]).dataSync()[0] ?? Number.NaN
    }
    expect(ask(0, 9)).toBeCloseTo(ask(3, 9), 6)
    expect(Math.abs(ask(0, 9) - ask(4, 9))).toBeGreaterThan(1e-4)
  })
})

/** What the block is shown of how scan `now` departs from scans `earlier`, written as plain loops. */
function departure(parameters: ReadonlyMap<string, Tensor>, earlier: readonly number[], now: number): number[] {
  const [voxels, channels] = [12, 16]
  const at = (scan: number, voxel: number, channel: number): number =>
    maps[(scan * voxels + voxel) * channels + channel] ?? Number.NaN
  const pooled: [number[], number[], number[]] = [[], [], []]
  for (let channel = 0; channel < channels; channel++) {
    const changes = Array.from({ length: voxels }, (_, voxel) => {
      const before = earlier.reduce((sum, scan) => sum + at(scan, voxel, channel), 0) / earlier.length
      return at(now, voxel, channel) - before
    })
    pooled[0].push(changes.reduce((sum, change) => sum + change, 0) / voxels)
    pooled[1].push(Math.max(...changes))
    pooled[2].push(-Math.min(...changes))
  }
  const values = (name: string): number[] => [...(parameters.get(`sequence.change.${name}`)?.dataSync() ?? [])]
  const [kernel, bias, scale, shift] = ['kernel', 'bias', 'norm.scale', 'norm.shift'].map(values)
  const embedded = Array.from({ length: 64 }, (_, unit) =>
    pooled.flat().reduce((sum, value, row) => sum + value * (kernel?.[row * 64 + unit] ?? 0), bias?.[unit] ?? 0),
  )
  const mean = embedded.reduce((sum, value) => sum + value, 0) / 64
  const variance = embedded.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 64
  return embedded.map(
    (value, unit) => ((value - mean) / Math.sqrt(variance + 1e-5)) * (scale?.[unit] ?? 0) + (shift?.[unit] ?? 0),
  )
}
