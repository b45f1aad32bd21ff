import { describe, expect, test } from 'vitest'
import { createPolynomialFit, polynomialAt } from './polynomial-fit.ts'
import { createStudyGrid, type StudyGrid } from './study-grid.ts'

const grid = createStudyGrid([8, 10, 9], 15)
const every = Array.from({ length: 8 * 10 * 9 }, (_, i) => i)

/** A polynomial of degree 3 in mm, at places of a grid. */
function cubic({ shape: [, height, width], affine }: StudyGrid, places: readonly number[]): Float64Array {
  return Float64Array.from(places, (i) => {
    const x = affine[0][3] + affine[0][0] * (i % width)
    const y = affine[1][3] + affine[1][1] * (Math.floor(i / width) % height)
    const z = affine[2][3] + affine[2][2] * Math.floor(i / (width * height))
    return 2 + 0.01 * x - 0.02 * z + 1e-4 * x * y - 2e-6 * x * y * z + 1e-6 * y ** 3
  })
}

describe('a fitted polynomial', () => {
  test('is the one that the values come from, also at places that were not shown and on another grid', () => {
    const shown = every.filter((i) => i % 3 !== 0)
    const fit = createPolynomialFit(shown, grid)
    const coefficients = fit?.coefficientsOf(cubic(grid, shown)) ?? []
    const other = createStudyGrid([5, 6, 7], 22)
    const places = Array.from({ length: 5 * 6 * 7 }, (_, i) => i)
    for (const [on, at] of [[grid, every] as const, [other, places] as const]) {
      const truth = cubic(on, at)
      for (const [k, value] of polynomialAt(coefficients, at, on).entries()) expect(value).toBeCloseTo(truth[k] ?? 0, 6)
    }
  })

  test('of values with noise is nearer to what is behind them than they are', () => {
    const truth = cubic(grid, every)
    const noisy = truth.map((value, k) => value + (k % 2 === 0 ? 0.5 : -0.5))
    const fit = createPolynomialFit(every, grid)
    const fitted = fit?.valuesOf(fit.coefficientsOf(noisy)) ?? new Float64Array(0)
    const worst = Math.max(...fitted.map((value, k) => Math.abs(value - (truth[k] ?? 0))))
    expect(worst).toBeLessThan(0.1)
  })

  test('is refused where places are too few or lie in one plane', () => {
    expect(createPolynomialFit(every.slice(0, 19), grid)).toBeUndefined()
    expect(createPolynomialFit(every.slice(0, 90), grid)).toBeUndefined()
  })
})
