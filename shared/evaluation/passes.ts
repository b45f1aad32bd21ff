// The passes of an evaluation: in each, every site answers with sums and counts, and what they make together is what the
// next pass needs. One pass is one round of an evaluation stage.

/** In this order; the same pass may come twice. */
export const evaluationPasses = [
  // How long children are followed, for the weights of those who are lost.
  'censoring',
  // Cells of risk: order, calibration, thresholds.
  'counts',
  // Newton's steps towards the lines of calibration, from where the counts put them.
  'calibration',
  'calibration',
  // The same sums over recalibrated risks.
  'recalibration',
  // Squared influences of children, for the intervals.
  'influence',
] as const

export type EvaluationPass = (typeof evaluationPasses)[number]

/** How the risks that are judged were made: as the model gives them, or recalibrated by the consortium or by each site. */
export const riskScales = ['raw', 'consortium', 'site'] as const

export type RiskScale = (typeof riskScales)[number]
