// What a network is given of one visit: images on the preset's grid, or an array of numbers that the site has computed
// elsewhere. A sequence that a visit lacks is all noughts, and the network is told so by a flag.

import type { ModelSpec } from './model-spec.ts'
import { type Grid, presetOf } from './presets.ts'

/** `sequences` is how many images, or arrays, there are of a visit. */
export type ScanShape =
  | { readonly kind: 'volumes'; readonly grid: Grid; readonly sequences: number }
  | { readonly kind: 'features'; readonly length: number; readonly sequences: number }

export function scanShapeOf(model: ModelSpec): ScanShape {
  const preset = presetOf(model.preset)
  const { sequences } = model
  if ('grid' in preset) return { kind: 'volumes', grid: preset.grid, sequences }
  if (model.features === undefined)
    throw new Error(`a model of preset ${model.preset} says how many features there are`)
  return { kind: 'features', length: model.features, sequences }
}

/** Numbers of one sequence of one visit. */
export function numbersOfSequence(shape: ScanShape): number {
  return shape.kind === 'volumes' ? shape.grid[0] * shape.grid[1] * shape.grid[2] : shape.length
}
