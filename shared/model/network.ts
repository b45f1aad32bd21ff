// The sizes of a model's network: those of its preset, with the sequence block that the study asks for.

import type { ModelSpec } from './model-spec.ts'
import { type Preset, presetOf } from './presets.ts'

export function networkOf({ preset: name, temporal }: Pick<ModelSpec, 'preset' | 'temporal'>): Preset {
  const preset = presetOf(name)
  if (temporal === undefined || temporal === preset.temporal) return preset
  // A mean of embeddings is as long as they are.
  return { ...preset, temporal, hiddenSize: temporal === 'mean' ? preset.embeddingSize : preset.hiddenSize }
}
