import { describe, expect, test } from 'vitest'
import { seededRandom } from '../shared/random.ts'
import { fitLogistic, logisticLogit, type Row, solve } from './logistic.ts'
import { ridgeProbe } from './ridge-probe.ts'

describe('logistic regression', () => {
  test('finds the coefficients that rows were drawn with', () => {
    const random = seededRandom('logistic')
    const rows = Array.from({ length: 20_000 }, (): Row => {
      const features = [random.normal(), 3 + 2 * random.normal()]
      const p = 1 / (1 + Math.exp(-(0.5 + (features[0] ?? 0) - 0.4 * ((features[1] ?? 0) - 3))))
      return { features, label: random.uniform() < p ? 1 : 0, weight: 1 }
    })
    const model = fitLogistic(rows, 1e-3)
    expect(logisticLogit(model, [0, 3])).toBeCloseTo(0.5, 1)
    expect(logisticLogit(model, [1, 3]) - logisticLogit(model, [0, 3])).toBeCloseTo(1, 1)
    expect(logisticLogit(model, [0, 4]) - logisticLogit(model, [0, 3])).toBeCloseTo(-0.4, 1)
  })

  test('stays finite where the classes can be told apart wholly, and ignores a constant feature', () => {
    const rows = [-2, -1, 1, 2].map((x): Row => ({ features: [x, 7], label: x > 0 ? 1 : 0, weight: 1 }))
    const model = fitLogistic(rows, 1)
    expect(logisticLogit(model, [2, 7])).toBeGreaterThan(0.5)
    expect(logisticLogit(model, [2, 7])).toBeLessThan(20)
    expect(logisticLogit(model, [-2, 7])).toBeCloseTo(-logisticLogit(model, [2, 7]), 6)
  })

  test('solves a system whose pivots are out of order', () => {
    const x = solve(
      [
        [0, 2],
        [3, 1],
      ],
      [4, 5],
    )
    expect(x[0]).toBeCloseTo(1)
    expect(x[1]).toBeCloseTo(2)
  })
})

test('the probe reads what lies linearly in embeddings, and nothing where there is nothing', () => {
  const random = seededRandom('probe')
  const rows = (seen: boolean) =>
    Array.from({ length: 400 }, () => {
      const x = Array.from({ length: 8 }, () => random.normal())
      const y = seen ? 2 * (x[0] ?? 0) - (x[3] ?? 0) + 0.3 * random.normal() : random.normal()
      return { x, y }
    })
  expect(ridgeProbe(rows(true), rows(true))).toBeGreaterThan(0.95)
  expect(Math.abs(ridgeProbe(rows(false), rows(false)))).toBeLessThan(0.2)
})
