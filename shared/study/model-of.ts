// The model that a study trains.

import type { ModelSpec } from '../model/model-spec.ts'
import type { Study } from './study.ts'

/** The model of a study: the same text gives the same model in every version (decision 16). */
export function modelOf({ model }: Pick<Study, 'model'>): ModelSpec {
  const { preset, head, timeInput, clinical, temporal } = model
  return {
    ...{ preset, head, timeInput, clinical, sequences: 1 },
    ...(temporal === undefined ? {} : { temporal }),
  }
}
