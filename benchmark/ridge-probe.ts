// The lesion probe: how well the true size of the lesion can be read from embeddings by a ridge regression. It sees what a table
// of accuracies does not: an encoder that has learnt order from healing alone and lost the lesion.

import { solve } from './logistic.ts'

const ridge = 1

/**
 * Correlation of true and predicted values on rows that were not fitted.
 * @param fitted,held rows of embeddings with the true value
 */
export function ridgeProbe(
  fitted: readonly { readonly x: readonly number[]; readonly y: number }[],
  held: readonly { readonly x: readonly number[]; readonly y: number }[],
): number {
  const length = fitted[0]?.x.length ?? 0
  const mean = Array.from({ length }, (_, i) => average(fitted.map(({ x }) => x[i] ?? 0)))
  const scale = mean.map((m, i) => Math.sqrt(average(fitted.map(({ x }) => ((x[i] ?? 0) - m) ** 2))) || 1)
  const centre = average(fitted.map(({ y }) => y))
  const rows = fitted.map(({ x, y }) => ({ x: x.map((v, i) => (v - (mean[i] ?? 0)) / (scale[i] ?? 1)), y: y - centre }))
  const gram = mean.map((_, i) => mean.map((_, j): number => (i === j ? ridge : 0)))
  const right = new Array<number>(length).fill(0)
  for (const { x, y } of rows) {
    for (const [i, xi] of x.entries()) {
      right[i] = (right[i] ?? 0) + xi * y
      const row = gram[i] ?? []
      for (const [j, xj] of x.entries()) row[j] = (row[j] ?? 0) + xi * xj
    }
  }
  const coefficients = solve(gram, right)
  const predicted = held.map(({ x }) =>
    x.reduce((sum, v, i) => sum + ((v - (mean[i] ?? 0)) / (scale[i] ?? 1)) * (coefficients[i] ?? 0), 0),
  )
  return correlation(
    predicted,
    held.map(({ y }) => y),
  )
}

/** Pearson's. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [average(a), average(b)]
  const covariance = average(a.map((value, i) => (value - ma) * ((b[i] ?? 0) - mb)))
  const spread = Math.sqrt(average(a.map((v) => (v - ma) ** 2)) * average(b.map((v) => (v - mb) ** 2)))
  return spread === 0 ? 0 : covariance / spread
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
