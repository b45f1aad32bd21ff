// Models for tests, each by what sets it apart.

import type { ModelSpec } from '../model-spec.ts'

/** One logit of an event within the horizon. */
export const binaryModel: ModelSpec = {
  preset: 'tiny',
  head: 'binary',
  timeInput: 'none',
  clinical: false,
  sequences: 1,
}

/** One logit for each hazard, told of everything that a model can be told. */
export const informedModel: ModelSpec = { ...binaryModel, head: 'hazards', timeInput: 'fourier', clinical: true }

/** One logit for each hazard. */
export const hazardsModel: ModelSpec = { ...binaryModel, head: 'hazards' }

/** The same, told where the picture departs from earlier ones. */
export const comparingModel: ModelSpec = { ...hazardsModel, temporal: 'change-gru' }
