// What a preparation process answers; it is asked with a PreparationRequest.

import type { PreparationResult } from './preparation.ts'

export type PreparationReply =
  | { readonly kind: 'prepared'; readonly result: PreparationResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
