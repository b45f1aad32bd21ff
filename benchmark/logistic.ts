// Logistic regression with a ridge, fitted by Newton's method. A step needs only sums over rows, one gradient and one Hessian a
// site, so sites that add theirs up get exactly the pooled answer: federated and pooled are the same here.

/** One row: its features (a constant is added) and whether there was an event. */
export interface Row {
  readonly features: readonly number[]
  readonly label: 0 | 1
  readonly weight: number
}

export interface LogisticModel {
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
  /** Intercept first. */
  readonly coefficients: readonly number[]
}

const steps = 8

/**
 * Fits; features are standardised first.
 * @param ridge weight of half the squared length of the coefficients, the intercept's left out
 */
export function fitLogistic(rows: readonly Row[], ridge: number): LogisticModel {
  const length = rows[0]?.features.length ?? 0
  const columns = Array.from({ length }, (_, i) => rows.map(({ features }) => features[i] ?? 0))
  const mean = columns.map((values) => sumOf(values) / Math.max(1, values.length))
  const deviation = columns.map((values, i) => {
    const variance = sumOf(values.map((value) => (value - (mean[i] ?? 0)) ** 2)) / Math.max(1, values.length)
    return Math.sqrt(variance) || 1
  })
  let coefficients: number[] = new Array(length + 1).fill(0)
  const standard = rows.map(({ features }) => [1, ...standardised(features, mean, deviation)])
  for (let step = 0; step < steps; step++) {
    const gradient = coefficients.map((value, i) => (i === 0 ? 0 : -ridge * value))
    const hessian = coefficients.map((_, i) => coefficients.map((_, j) => (i === j ? (i === 0 ? 1e-9 : ridge) : 0)))
    for (const [r, x] of standard.entries()) {
      const { label, weight } = rows[r] ?? { label: 0, weight: 0 }
      const p = sigmoid(dot(coefficients, x))
      for (const [i, xi] of x.entries()) {
        gradient[i] = (gradient[i] ?? 0) + weight * (label - p) * xi
        const row = hessian[i] ?? []
        for (const [j, xj] of x.entries()) row[j] = (row[j] ?? 0) + weight * p * (1 - p) * xi * xj
      }
    }
    const change = solve(hessian, gradient)
    coefficients = coefficients.map((value, i) => value + (change[i] ?? 0))
  }
  return { mean, deviation, coefficients }
}

/** Logit of an event. */
export function logisticLogit({ mean, deviation, coefficients }: LogisticModel, features: readonly number[]): number {
  return dot(coefficients, [1, ...standardised(features, mean, deviation)])
}

/** Solves a symmetric positive definite system by elimination with pivots. */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const a = matrix.map((row, i) => [...row, right[i] ?? 0])
  const n = a.length
  const at = (i: number, j: number): number => a[i]?.[j] ?? 0
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let i = column + 1; i < n; i++) if (Math.abs(at(i, column)) > Math.abs(at(pivot, column))) pivot = i
    ;[a[column], a[pivot]] = [a[pivot] ?? [], a[column] ?? []]
    const lead = at(column, column)
    if (Math.abs(lead) < 1e-12) continue
    for (let i = column + 1; i < n; i++) {
      const factor = at(i, column) / lead
      const row = a[i] ?? []
      for (let j = column; j <= n; j++) row[j] = at(i, j) - factor * at(column, j)
    }
  }
  const x = new Array<number>(n).fill(0)
  for (let i = n - 1; i >= 0; i--) {
    let rest = at(i, n)
    for (let j = i + 1; j < n; j++) rest -= at(i, j) * (x[j] ?? 0)
    x[i] = Math.abs(at(i, i)) < 1e-12 ? 0 : rest / at(i, i)
  }
  return x
}

function standardised(features: readonly number[], mean: readonly number[], deviation: readonly number[]): number[] {
  return features.map((value, i) => (value - (mean[i] ?? 0)) / (deviation[i] ?? 1))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
