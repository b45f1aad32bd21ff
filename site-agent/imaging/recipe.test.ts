import { describe, expect, test } from 'vitest'
import { createRecipe, type RecipeOptions } from './recipe.ts'
import { brainScan } from './testsupport/head.ts'

const options: RecipeOptions = {
  grid: [24, 32, 24],
  spacingMm: 7,
  template: 'mni152',
  registration: 'none',
  brainMask: 'foreground',
  biasCorrection: 'none',
}

/** A brain, seen by a coil on its left: brighter there by up to a factor of three. */
const uneven = brainScan({ left: 3 })
const even = brainScan()

function meanDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length
}

describe('a recipe with bias correction', () => {
  const [plain, corrected] = [createRecipe(options), createRecipe({ ...options, biasCorrection: 'n3' })]

  test('brings a scan that a coil made brighter on one side near to what it would have been', () => {
    const before = meanDifference(plain.prepare(uneven).voxels, plain.prepare(even).voxels)
    const after = meanDifference(corrected.prepare(uneven).voxels, corrected.prepare(even).voxels)
    expect(after).toBeLessThan(before / 4)
  })

  test('has another name than one without, so that neither finds what the other kept', () => {
    expect(corrected.digest).not.toBe(plain.digest)
  })
})
