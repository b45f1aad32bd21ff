// Server momentum (FedAvgM, Hsu et al. 2019): a share of the step before is added to the next. The step is taken from the
// two published weights instead of a state of its own, so nothing can be lost in a crash.

/**
 * Adds `momentum · (base − previousBase)` to a step.
 * @param step elements `from` onwards, changed in place
 */
export function addMomentum(
  step: Float64Array,
  momentum: number,
  base: Float32Array,
  previousBase: Float32Array,
  from: number,
): void {
  for (let i = 0; i < step.length; i++) {
    const before = (base[from + i] as number) - (previousBase[from + i] as number)
    step[i] = (step[i] as number) + momentum * before
  }
}
