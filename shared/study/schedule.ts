// The learning rate of a round: fixed by the study, the same at every site.

import type { Stage } from './study.ts'

/** Share of a stage's learning rate that round `round` (from 0) uses: cosine from 1 down to 0.1 (experiments, rule 6). */
export function rateFactor(stage: Stage, round: number): number {
  if (stage.schedule === 'constant') return 1
  return 0.1 + 0.45 * (1 + Math.cos((Math.PI * round) / stage.rounds))
}
