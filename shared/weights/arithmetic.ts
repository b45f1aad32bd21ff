// Arithmetic on weights: difference, scaling, norm, finiteness. Sums run in float64; results are float32.

import { assertSameManifest, type Weights } from './weights.ts'

/** `after − before`, element by element. @throws SequelaError `shape_mismatch`. */
export function difference(after: Weights, before: Weights): Weights {
  assertSameManifest(before.manifest, after.manifest)
  const values = new Float32Array(after.values.length)
  for (let i = 0; i < values.length; i++) values[i] = (after.values[i] as number) - (before.values[i] as number)
  return { manifest: after.manifest, values }
}

/** `weights + update`, element by element. @throws SequelaError `shape_mismatch`. */
export function sum(weights: Weights, update: Weights): Weights {
  assertSameManifest(weights.manifest, update.manifest)
  const values = new Float32Array(weights.values.length)
  for (let i = 0; i < values.length; i++) values[i] = (weights.values[i] as number) + (update.values[i] as number)
  return { manifest: weights.manifest, values }
}

/** Every element times `factor`. */
export function scaled(weights: Weights, factor: number): Weights {
  return { manifest: weights.manifest, values: weights.values.map((value) => value * factor) }
}

/** Sum of squares in float64, in order of index. */
export function squaredNorm(values: Float32Array): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += (values[i] as number) ** 2
  return total
}

/** Euclidean norm in float64. */
export function l2Norm(values: Float32Array): number {
  return Math.sqrt(squaredNorm(values))
}

/** Whether no element is NaN or infinite: `x − x` is 0 exactly for finite x, and NaN otherwise. */
export function allFinite(values: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - (values[i] as number)
  return sum === 0
}
