// Least-squares polynomials of degree 3 in three dimensions over voxels of a grid, for surfaces that change slowly over a head.

import { cholesky, solveFactored } from '../../shared/cholesky.ts'
import { mni152CenterMm, type StudyGrid } from './study-grid.ts'

const degree = 3
/** Coordinates are counted in this, from the middle of the template's head, so that they lie between about −1 and 1. */
const unitMm = 100

export interface PolynomialFit {
  /** Of the polynomial that comes closest to values at the places. */
  coefficientsOf(values: Float64Array): readonly number[]
  /** The polynomial's values at the places. */
  valuesOf(coefficients: readonly number[]): Float64Array
}

/**
 * Prepares fits over some voxels; the normal equations are the same for all values.
 * @param places indices of voxels of the grid
 * @returns undefined when the places are too few, or lie so that no polynomial is determined
 */
export function createPolynomialFit(places: readonly number[], grid: StudyGrid): PolynomialFit | undefined {
  const terms = termsAt(places, grid)
  if (places.length < terms.length) return undefined
  const factor = cholesky(terms.map((a) => terms.map((b) => dot(a, b) / places.length)))
  if (factor === undefined) return undefined
  return {
    coefficientsOf: (values) =>
      solveFactored(
        factor,
        terms.map((term) => dot(term, values) / places.length),
      ),
    valuesOf: (coefficients) => combined(terms, coefficients),
  }
}

/** A polynomial's values at places of any grid. */
export function polynomialAt(
  coefficients: readonly number[],
  places: readonly number[],
  grid: StudyGrid,
): Float64Array {
  return combined(termsAt(places, grid), coefficients)
}

function combined(terms: readonly Float64Array[], coefficients: readonly number[]): Float64Array {
  const values = new Float64Array(terms[0]?.length ?? 0)
  for (const [t, term] of terms.entries()) {
    const coefficient = coefficients[t] as number
    for (let k = 0; k < values.length; k++) values[k] = (values[k] as number) + coefficient * (term[k] as number)
  }
  return values
}

/** Products of Legendre polynomials of the coordinates; [term][place]. */
function termsAt(places: readonly number[], { shape: [, height, width], affine }: StudyGrid): Float64Array[] {
  const index = [
    (i: number): number => i % width,
    (i: number): number => Math.floor(i / width) % height,
    (i: number): number => Math.floor(i / (width * height)),
  ]
  const axes = index.map((of, axis) => {
    const [step, first, center] = [affine[axis]?.[axis] ?? 1, affine[axis]?.[3] ?? 0, mni152CenterMm[axis] ?? 0]
    const x = Float64Array.from(places, (i) => (first + step * of(i) - center) / unitMm)
    return [x.map(() => 1), x, x.map((c) => (3 * c * c - 1) / 2), x.map((c) => (5 * c ** 3 - 3 * c) / 2)]
  })
  const terms: Float64Array[] = []
  for (let i = 0; i <= degree; i++) {
    for (let j = 0; i + j <= degree; j++) {
      for (let k = 0; i + j + k <= degree; k++) {
        const factors = [axes[0]?.[i], axes[1]?.[j], axes[2]?.[k]]
        terms.push(Float64Array.from(places, (_, at) => factors.reduce((product, f) => product * (f?.[at] ?? 0), 1)))
      }
    }
  }
  return terms
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
