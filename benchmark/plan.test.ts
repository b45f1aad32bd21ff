import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../shared/canonical-json.ts'
import { type Cell, cellId, dependenciesOf, pretrainingOf } from './cell.ts'
import { cellSeconds } from './estimate.ts'
import { benchmarkOptions } from './options.ts'
import { planCells } from './plan.ts'
import { benchmarkStudy, siteNames } from './study-text.ts'
import { trainingOptionNames } from './training-options.ts'

const options = benchmarkOptions(['node', 'benchmark', '--seeds', '3'])
const planned = planCells(options, siteNames)

describe('the plan', () => {
  test('names every cell once', () => {
    const ids = planned.map(({ cell }) => cellId(cell))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('has what each cell starts from, in the same tier or an earlier one', () => {
    const tiers = new Map(planned.map(({ cell, tier }) => [cellId(cell), tier]))
    for (const { cell, tier } of planned) {
      for (const needed of dependenciesOf(cell)) expect(tiers.get(cellId(needed))).toBeLessThanOrEqual(tier)
    }
  })

  test('finishes the headline of all seeds before anything else of the first', () => {
    const firstOfTier2 = planned.findIndex(({ tier }) => tier === 2)
    const headline = planned.slice(0, firstOfTier2).map(({ cell }) => cell.seed)
    expect(new Set(headline)).toEqual(new Set([1, 2, 3]))
    expect(planned.slice(firstOfTier2).every(({ tier }) => tier >= 2)).toBe(true)
  })

  test('ends at the tier that is asked for', () => {
    expect(planCells({ ...options, tier: 1 }, siteNames).every(({ tier }) => tier === 1)).toBe(true)
  })

  test('can be of some cells only, with what they start from', () => {
    const cells = planCells({ ...options, only: '1.recurrence.order.pooled.40' }, siteNames).map(({ cell }) =>
      cellId(cell),
    )
    expect(cells).toEqual(['1.ordering.order.pooled', '1.recurrence.order.pooled.40'])
    const several = planCells({ ...options, only: '2.shortcuts,1.upgrade' }, siteNames).map(({ cell }) => cellId(cell))
    expect(several).toEqual(['2.shortcuts', '1.upgrade'])
  })

  test('estimates more time for more work', () => {
    const cell: Cell = { kind: 'ordering', seed: 1, variant: 'order', setting: 'federated' }
    expect(cellSeconds(cell, { ...options, children: 400 })).toBeGreaterThan(1.5 * cellSeconds(cell, options))
  })
})

describe('the studies', () => {
  const request = { ...options, seed: 1, sites: siteNames }

  test('differ from the usual one by exactly the option that is tried', () => {
    const usual = benchmarkStudy({ ...request, variant: 'order', arm: 'order' })
    const changed = trainingOptionNames.map((arm) => {
      const study = benchmarkStudy({ ...request, variant: 'order', arm })
      return Object.keys(study).filter(
        (key) => canonicalJson(study[key as keyof typeof study]) !== canonicalJson(usual[key as keyof typeof usual]),
      )
    })
    expect(changed.every((keys) => keys.length === 1)).toBe(true)
    expect(new Set(changed.flat())).toEqual(new Set(['model', 'stages', 'strategy', 'training']))
  })

  test('weigh the losses of ordering as the variant has it', () => {
    const losses = (variant: 'order' | 'auxiliary' | 'no-maxima'): unknown => {
      const [stage] = benchmarkStudy({ ...request, variant, arm: 'order' }).stages
      return stage?.task === 'ordering' ? stage.losses : 'no ordering'
    }
    expect(losses('order')).toBeUndefined()
    expect(losses('auxiliary')).toEqual({ pairs: 0, sequences: 0, maxima: 1.5 })
    expect(losses('no-maxima')).toEqual({ pairs: 1, sequences: 1, maxima: 0 })
  })

  test('compare pictures of visits, but where that is left out', () => {
    const temporal = (variant: 'order' | 'embeddings-only') =>
      benchmarkStudy({ ...request, variant, arm: variant }).model.temporal
    expect(temporal('order')).toBe('change-gru')
    expect(temporal('embeddings-only')).toBeUndefined()
  })

  test('give training from scratch a rate of its own', () => {
    const rate = (arm: 'order' | 'scratch') =>
      benchmarkStudy({ ...request, variant: 'order', arm }).stages[1]?.learningRate
    expect(rate('scratch')).toBeGreaterThan(rate('order') ?? 1)
  })

  test('train the network that sees embeddings alone from scratch as they train it after ordering', () => {
    const studyOf = (arm: 'embeddings-only' | 'embeddings-scratch') =>
      benchmarkStudy({ ...request, variant: pretrainingOf(arm), arm })
    const [ordered, scratch] = [studyOf('embeddings-only'), studyOf('embeddings-scratch')]
    expect(scratch.model).toEqual(ordered.model)
    expect(scratch.stages[1]).toEqual({ ...ordered.stages[1], learningRate: 3e-3 })
    const cell = { kind: 'recurrence', seed: 1, arm: 'embeddings-scratch', setting: 'federated', known: 0.2 } as const
    expect(dependenciesOf(cell)).toEqual([])
  })
})
