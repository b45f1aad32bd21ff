// Σ factor·array over a range of elements, in float64 and always in the order given: the inner loop of averaging.

/**
 * Writes Σ_k factors[k]·arrays[k][from + i] into `sums[i]`, for every i of `sums`; the terms of an element are added one
 * after another, first to last. Four arrays go into one pass because loading and storing the sums costs most of the time;
 * an expression without brackets adds from left to right, so it is the same sum.
 */
export function weightedSum(
  arrays: readonly Float32Array[],
  factors: readonly number[],
  from: number,
  sums: Float64Array,
): void {
  sums.fill(0)
  const inFours = arrays.length - (arrays.length % 4)
  for (let k = 0; k < inFours; k += 4) {
    const [a, b, c, d] = [
      term(arrays, factors, k),
      term(arrays, factors, k + 1),
      term(arrays, factors, k + 2),
      term(arrays, factors, k + 3),
    ]
    addFour(sums, from, a, b, c, d)
  }
  for (let k = inFours; k < arrays.length; k++) {
    const { values, factor } = term(arrays, factors, k)
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + factor * (values[from + i] as number)
  }
}

interface Term {
  readonly values: Float32Array
  readonly factor: number
}

function term(arrays: readonly Float32Array[], factors: readonly number[], k: number): Term {
  return { values: arrays[k] as Float32Array, factor: factors[k] as number }
}

function addFour(sums: Float64Array, from: number, a: Term, b: Term, c: Term, d: Term): void {
  const [va, vb, vc, vd] = [a.values, b.values, c.values, d.values]
  const [fa, fb, fc, fd] = [a.factor, b.factor, c.factor, d.factor]
  for (let i = 0; i < sums.length; i++) {
    const at = from + i
    sums[i] =
      (sums[i] as number) +
      fa * (va[at] as number) +
      fb * (vb[at] as number) +
      fc * (vc[at] as number) +
      fd * (vd[at] as number)
  }
}
