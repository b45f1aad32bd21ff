// What decides the parameters of a network, beside the weights themselves: everything that asks for a manifest, trains,
// scores or exports names a model by this one value. A study has exactly one (shared/study/model-of.ts).

import type { PresetName, Temporal } from './presets.ts'

/**
 * What the risk head gives at a landmark: `binary` one logit of an event within the horizon, `hazards` one logit for each
 * bin of time after it.
 */
export const heads = ['hazards', 'binary'] as const

/** What the sequence block is told of time in stage 2: nothing, or a Fourier code of the days before the landmark. */
export const timeInputs = ['none', 'fourier'] as const

export interface ModelSpec {
  readonly preset: PresetName
  readonly head: (typeof heads)[number]
  readonly timeInput: (typeof timeInputs)[number]
  /** Whether the risk head also sees the child's chart. */
  readonly clinical: boolean
  /** Images of a visit that the encoder sees at once, each a channel. */
  readonly sequences: number
  /** Numbers in the arrays that sites bring in place of images; only of a preset that takes such. */
  readonly features?: number
  /** Where the study wants another sequence block than the preset has. */
  readonly temporal?: Temporal
}
