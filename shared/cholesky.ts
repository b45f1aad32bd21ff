// Symmetric positive definite systems by Cholesky's decomposition: factored once, solved for any number of right sides.

/** Lower triangle L with L·Lᵀ = matrix; undefined unless the matrix is positive definite. */
export function cholesky(matrix: readonly (readonly number[])[]): number[][] | undefined {
  const lower: number[][] = []
  for (const [i, row] of matrix.entries()) {
    const current: number[] = []
    for (let j = 0; j < i; j++) {
      const above = lower[j] ?? []
      current.push(((row[j] ?? 0) - dot(current, above.slice(0, j))) / (above[j] ?? 1))
    }
    const rest = (row[i] ?? 0) - dot(current, current)
    if (!(rest > 1e-9 * (row[i] ?? 0))) return undefined
    lower.push([...current, Math.sqrt(rest)])
  }
  return lower
}

/** The x with L·Lᵀ·x = right. */
export function solveFactored(lower: readonly (readonly number[])[], right: readonly number[]): number[] {
  const forward: number[] = []
  for (const [i, row] of lower.entries())
    forward.push(((right[i] ?? 0) - dot(row.slice(0, i), forward)) / (row[i] ?? 1))
  const result = new Array<number>(right.length).fill(0)
  for (let i = right.length - 1; i >= 0; i--) {
    let sum = forward[i] ?? 0
    for (let j = i + 1; j < right.length; j++) sum -= (lower[j]?.[i] ?? 0) * (result[j] ?? 0)
    result[i] = sum / (lower[i]?.[i] ?? 1)
  }
  return result
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
