import { describe, expect, test } from 'vitest'
import type { CohortPlan } from './cohort.ts'
import { auroc, brightVoxelOracle, courseOracle } from './oracle.ts'
import { ballTemplate } from './testsupport/ball.ts'

describe('AUROC', () => {
  test('counts the pairs that are in order, ties by half', () => {
    expect(auroc([1, 2, 3, 4], [false, false, true, true])).toBe(1)
    expect(auroc([4, 3, 2, 1], [false, false, true, true])).toBe(0)
    expect(auroc([1, 2, 2, 3], [false, true, false, true])).toBe(0.875)
    expect(auroc([1, 2], [true, true])).toBeNaN()
  })
})

describe('the question asked of test children', () => {
  const plan: CohortPlan = {
    seed: 'oracle',
    sites: ['east', 'west'],
    childrenPerSite: 1,
    testChildren: 1000,
    knownOutcomes: 1,
  }
  const oracle = courseOracle(plan)

  test('is answered yes for a quarter to two fifths of them', () => {
    expect(oracle.positive).toBeGreaterThan(0.25)
    expect(oracle.positive).toBeLessThan(0.4)
  })

  test('is hard to answer from the size of the lesion and easy from its change', () => {
    expect(oracle.radius).toBeGreaterThan(0.5)
    expect(oracle.radius).toBeLessThan(0.68)
    expect(oracle.radiusChange).toBeGreaterThan(0.8)
    expect(oracle.radiusChange).toBeLessThan(0.96)
  })

  test('cannot be answered from the day on which it is asked', () => {
    expect(Math.abs(oracle.day - 0.5)).toBeLessThan(0.08)
  })

  test('is answered in part by counting bright voxels, which is what a network has to beat', () => {
    const { volume, volumeChange } = brightVoxelOracle({ ...plan, testChildren: 100 }, ballTemplate())
    expect(volumeChange).toBeGreaterThan(0.65)
    expect(volumeChange).toBeGreaterThan(volume)
  })
})
