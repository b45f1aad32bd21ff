// From what the risk head gives at a landmark to one risk, whichever head it is.

import { hazardBins, riskLogitWithin } from './hazards.ts'
import type { ModelSpec } from './model-spec.ts'

/** Numbers that the risk head gives at a landmark. */
export function riskOutputCount(head: ModelSpec['head']): number {
  return head === 'hazards' ? hazardBins : 1
}

/**
 * Logit of an event within the horizon.
 * @param outputs of the risk head at one landmark
 * @param horizonDays the study's; for hazards any of the bins' ends
 */
export function riskLogitOf(head: ModelSpec['head'], outputs: ArrayLike<number>, horizonDays: number): number {
  return head === 'hazards' ? riskLogitWithin(outputs, horizonDays) : (outputs[0] ?? Number.NaN)
}

/** The probability of a logit. */
export function probabilityOf(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}
