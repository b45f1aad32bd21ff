// The model that a study trains.

import type { ModelSpec } from '../model/model-spec.ts'
import { channelsOf } from './sequences.ts'
import type { Study } from './study.ts'

/** The model of a study: the same text gives the same model in every version (decision 16). */
export function modelOf({ model, pipeline }: Pick<Study, 'model' | 'pipeline'>): ModelSpec {
  const { preset, head, timeInput, clinical, temporal } = model
  return {
    ...{ preset, head, timeInput, clinical, sequences: channelsOf(pipeline)?.length ?? 1 },
    ...('features' in model && { features: model.features }),
    ...(temporal === undefined ? {} : { temporal }),
  }
}
