import { describe, expect, test } from 'vitest'
import type { Strategy as StrategySettings } from '../../shared/study/study.ts'
import { strategyOf } from './strategies.ts'
import { describeStrategy } from './strategy.contract.ts'
import type { Strategy } from './strategy.ts'
import { combineWhole, type WholeRound } from './whole.ts'

const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3 }
const settings: StrategySettings = { name: 'fed-adam', weightBy: 'children', serverMomentum: 0, adam }

/** The first round of a stage as one strategy: all passes one after another. */
const firstRound: Strategy = {
  scales: (shares) => strategyOf(settings, 'first-moment').scales(shares),
  combine: ({ base, updates }, shares, _scales, next) => {
    const parts = shares.map((share, k) => ({ ...share, values: updates[k] ?? new Float32Array() }))
    next.set(combineWhole(settings, { base, previousBase: undefined, moments: undefined, updates: parts }).weights)
  },
}

describeStrategy('fed-adam', firstRound)

const round = (values: readonly (readonly [children: number, ...difference: number[]])[]): WholeRound['updates'] =>
  values.map(([children, ...difference], k) => ({
    ...{ site: `site-${k}`, children, norm: Math.hypot(...difference), values: Float32Array.from(difference) },
  }))

describe('fed-adam', () => {
  const rounds = [
    round([
      [1, 0.02, -0.1, 0],
      [3, 0.04, 0.1, 0],
    ]),
    round([[2, -0.01, 0.05, 0]]),
    round([
      [5, 0.03, 0.02, 0],
      [5, 0.01, -0.2, 0],
    ]),
  ]

  test('takes the steps that the algorithm in the paper takes', () => {
    const { learningRate, beta1, beta2, tau } = adam
    const expected = [1, -2, 3]
    const m = [0, 0, 0]
    const v = [0, 0, 0]
    let state: Omit<WholeRound, 'updates' | 'previousBase'> = { base: Float32Array.from(expected), moments: undefined }
    for (const updates of rounds) {
      const children = updates.reduce((sum, update) => sum + update.children, 0)
      for (let i = 0; i < 3; i++) {
        const mean = updates.reduce((sum, update) => sum + (update.children * (update.values[i] ?? 0)) / children, 0)
        m[i] = beta1 * (m[i] ?? 0) + (1 - beta1) * mean
        v[i] = beta2 * (v[i] ?? 0) + (1 - beta2) * mean ** 2
        expected[i] = (expected[i] ?? 0) + (learningRate * (m[i] ?? 0)) / (Math.sqrt(v[i] ?? 0) + tau)
      }
      const { weights, moments } = combineWhole(settings, { ...state, previousBase: undefined, updates })
      weights.forEach((value, i) => void expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5))
      state = { base: weights, moments }
    }
  })

  test('scales long updates down before they become moments', () => {
    const clippedSettings = { ...settings, clipUpdateNorm: 0.5 }
    const start = { base: new Float32Array(3), previousBase: undefined, moments: undefined }
    const long = combineWhole(clippedSettings, { ...start, updates: round([[1, 3, 4, 0]]) })
    const short = combineWhole(settings, { ...start, updates: round([[1, 0.3, 0.4, 0]]) })
    long.moments?.first.forEach((value, i) => void expect(value).toBeCloseTo(short.moments?.first[i] ?? Number.NaN, 6))
  })

  test('lets every site count alike when the study says so', () => {
    const start = { base: new Float32Array(1), previousBase: undefined, moments: undefined }
    const updates = round([
      [1, 1],
      [99, 3],
    ])
    const { moments } = combineWhole({ ...settings, weightBy: 'sites' }, { ...start, updates })
    expect(moments?.first[0]).toBeCloseTo(0.1 * 2, 6)
  })
})
