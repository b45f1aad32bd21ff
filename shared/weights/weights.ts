// Weights: the one value that Sequela moves. A manifest names the parameters in order; one flat array holds them all.
// Averaging, clipping, hashing and storing are functions on this type; nothing else in the system knows a layer.

import { SequelaError } from '../protocol/errors.ts'

/** One named parameter. `shape` is in the kernel's own axis order (DHWIO for convolutions); a scalar has shape `[]`. */
export interface Parameter {
  readonly name: string
  readonly shape: readonly number[]
}

/** Parameters sorted by name (by UTF-16 code unit), each name once. Fixed for a whole run. */
export type Manifest = readonly Parameter[]

/** All parameters of a model; `values` is the concatenation, in manifest order, of each parameter in row-major order. */
export interface Weights {
  readonly manifest: Manifest
  readonly values: Float32Array
}

/** Number of elements of one parameter. */
export function parameterSize(parameter: Parameter): number {
  return parameter.shape.reduce((product, length) => product * length, 1)
}

/** Number of elements of all parameters together. */
export function elementCount(manifest: Manifest): number {
  return manifest.reduce((sum, parameter) => sum + parameterSize(parameter), 0)
}

/** The parameters sorted as a manifest must be. Throws `manifest_invalid` when a name stands twice. */
export function manifestOf(parameters: readonly Parameter[]): Manifest {
  const sorted = [...parameters].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i]?.name === sorted[i - 1]?.name) {
      throw new SequelaError('manifest_invalid', `parameter "${sorted[i]?.name}" is listed twice`)
    }
  }
  return sorted
}

/** Whether two manifests hold the same names and shapes in the same order. */
function sameManifest(a: Manifest, b: Manifest): boolean {
  return (
    a.length === b.length &&
    a.every((parameter, i) => {
      const other = b[i]
      return (
        other !== undefined &&
        parameter.name === other.name &&
        parameter.shape.length === other.shape.length &&
        parameter.shape.every((length, axis) => length === other.shape[axis])
      )
    })
  )
}

/** Throws `shape_mismatch`, naming the first parameter that differs, unless both manifests are the same. */
export function assertSameManifest(expected: Manifest, actual: Manifest): void {
  if (sameManifest(expected, actual)) return
  const length = Math.max(expected.length, actual.length)
  for (let i = 0; i < length; i++) {
    const want = describe(expected[i])
    const have = describe(actual[i])
    if (want !== have) {
      throw new SequelaError('shape_mismatch', `parameter ${i + 1} should be ${want} but is ${have}`)
    }
  }
}

/** Views on each parameter's part of `values`, by name; no copy is made. */
export function parameterViews(weights: Weights): ReadonlyMap<string, Float32Array> {
  const views = new Map<string, Float32Array>()
  let offset = 0
  for (const parameter of weights.manifest) {
    const size = parameterSize(parameter)
    views.set(parameter.name, weights.values.subarray(offset, offset + size))
    offset += size
  }
  return views
}

/** A name may come from a stranger: quoted as JSON, so that no control character gets into a log, and cut. */
function describe(parameter: Parameter | undefined): string {
  if (parameter === undefined) return 'absent'
  return `${JSON.stringify(parameter.name.slice(0, 80))} [${parameter.shape.join(', ')}]`
}
