import { expect, test } from 'vitest'
import { figuresAt, influenceAt } from './at-threshold.ts'
import { exactGroups, summarise } from './figures.ts'
import type { DecidedLandmark } from './landmark.ts'
import { chooseThresholds } from './thresholds.ts'

const row = (child: string, risk: number, outcome: 0 | 1, weight = 1): DecidedLandmark => ({
  ...{ child, risk, outcome, weight },
  ...{ visits: 1, day: 0, timeDays: 1, event: outcome === 1, riskByShown: [], groups: {} },
})

const rows = [row('a', 0.1, 0), row('b', 0.2, 1), row('c', 0.5, 0), row('d', 0.8, 1, 2), row('e', 0.9, 1)]
const groups = exactGroups(rows)
const threshold = { group: groups.groupOf(0.5), risk: 0.5 }

test('figures at a threshold count by weight who is on the right side', () => {
  const figures = figuresAt(summarise(rows, groups).curve, threshold)
  expect(figures.sensitivity).toBeCloseTo(3 / 4)
  expect(figures.specificity).toBeCloseTo(1 / 2)
  expect(figures.ppv).toBeCloseTo(3 / 4)
  expect(figures.npv).toBeCloseTo(1 / 2)
  expect(figures.f1).toBeCloseTo(3 / 4)
  expect(figures.net_benefit).toBeCloseTo((3 - 1) / 6)
})

test('a figure of a side on which nobody stands is none, though spread cells leave a trace there', () => {
  const { curve } = summarise(rows, groups)
  const cases = curve.cases.map((weight, group) => (group >= threshold.group ? 1e-22 : weight))
  const trace = { cases, controls: curve.controls.map((weight, group) => (group >= threshold.group ? 1e-30 : weight)) }
  expect(figuresAt(trace, threshold)).toMatchObject({ ppv: Number.NaN, npv: 0.5, specificity: 1 })
  const influence = influenceAt(trace, threshold, groups.groupOf)
  for (const one of rows) {
    expect(influence(one).ppv).toBe(Number.NaN)
    expect(Math.abs(influence(one).npv)).toBeLessThan(1)
  }
})

test('the influence of a landmark is how much a little more of its weight would change each figure', () => {
  const { curve } = summarise(rows, groups)
  const influence = influenceAt(curve, threshold, groups.groupOf)
  for (const [at, one] of rows.entries()) {
    const step = 1e-6
    const heavier = rows.map((other, i) => (i === at ? { ...other, weight: other.weight + step } : other))
    const [before, after] = [figuresAt(curve, threshold), figuresAt(summarise(heavier, groups).curve, threshold)]
    for (const name of ['sensitivity', 'specificity', 'ppv', 'npv', 'f1', 'net_benefit'] as const) {
      expect(influence(one)[name]).toBeCloseTo((one.weight * (after[name] - before[name])) / step, 4)
    }
  }
})

test('thresholds are the widest outer zones that reach their aims, with a grey zone between', () => {
  const bins = Array.from({ length: 50 }, (_, bin) => bin)
  const curve = { cases: bins.map((bin) => bin), controls: bins.map((bin) => 49 - bin) }
  const { ruleOut, ruleIn } = chooseThresholds(curve, { ruleOutNpv: 0.9, ruleInPpv: 0.8 })
  const at = (group: number) => figuresAt(curve, { group, risk: 0.5 })
  expect(at(ruleOut ?? 0).npv).toBeGreaterThanOrEqual(0.9)
  expect(at((ruleOut ?? 0) + 1).npv).toBeLessThan(0.9)
  expect(at(ruleIn ?? 0).ppv).toBeGreaterThanOrEqual(0.8)
  expect(at((ruleIn ?? 0) - 1).ppv).toBeLessThan(0.8)
})

test('a threshold that reaches no aim is not chosen', () => {
  const even = Array.from({ length: 50 }, () => 1)
  const chosen = chooseThresholds({ cases: even, controls: even }, { ruleOutNpv: 0.9, ruleInPpv: 0.9 })
  expect(chosen).toEqual({ ruleOut: null, ruleIn: null })
})
