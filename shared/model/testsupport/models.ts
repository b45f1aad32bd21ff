// Models for tests, each by what sets it apart.

import type { ModelSpec } from '../model-spec.ts'

export const binaryModel: ModelSpec = {
  preset: 'tiny',
  head: 'binary',
  timeInput: 'none',
  clinical: false,
  sequences: 1,
}
