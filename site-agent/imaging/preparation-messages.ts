// What the agent and a preparation process say to one another.

import type { PreparationRequest, PreparationResult } from './preparation.ts'

export type PreparationReply =
  | { readonly kind: 'prepared'; readonly result: PreparationResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export type { PreparationRequest }
