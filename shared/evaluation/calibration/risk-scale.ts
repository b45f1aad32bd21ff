// A site's risks on one of the three scales: as the model gives them, or recalibrated by the consortium or by the site.

import type { DecidedLandmark } from '../landmark.ts'
import type { Recalibration } from '../model-card.ts'
import type { RiskScale } from '../passes.ts'
import type { Pooled } from '../pooled.ts'
import { identityLine, type Line } from './calibration-fit.ts'
import { noRecalibration, recalibrated } from './recalibration.ts'

/** From the model's risk to that scale. @param own the site's recalibration */
export function lineOf(scale: RiskScale, pooled: Pooled, own: Recalibration): Line {
  if (scale === 'raw') return identityLine
  const consortium = pooled.recalibration ?? noRecalibration
  // A site with too few events for a line of its own uses the consortium's.
  return scale === 'site' && own.kind !== 'none' ? own : consortium
}

export function onScale(
  rows: readonly DecidedLandmark[],
  scale: RiskScale,
  pooled: Pooled,
  own: Recalibration,
): readonly DecidedLandmark[] {
  const line = lineOf(scale, pooled, own)
  return scale === 'raw' ? rows : rows.map((row) => ({ ...row, risk: recalibrated(row.risk, line) }))
}
