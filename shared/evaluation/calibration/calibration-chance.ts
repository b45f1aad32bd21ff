// What the expected calibration error would come to if every risk were right. A mean of distances is never nought: where few
// landmarks stand in a bin, chance alone keeps risk and event rate apart, and a perfect model of a small test fold has an
// error of .05 to .1.

import type { CalibrationBin } from '../figures.ts'

/** Mean of |z| for a standard normal z. */
const meanDistance = Math.sqrt(2 / Math.PI)

/**
 * Mean of the expected calibration error over outcomes drawn with the risks themselves.
 *
 * The variance of the error by the children's influences is that of Σ ± (outcome − risk) over all bins, clustered by child. It is shared
 * among the bins by how much their outcomes vary, Σ w · p̄(1 − p̄), and each bin's distance is taken as normal around nought.
 * @param variance of the error, first order
 */
export function calibrationByChance(bins: readonly CalibrationBin[], variance: number): number {
  const spreads = bins.map(({ weight, risk }) => (weight > 0 ? risk * (1 - risk / weight) : 0))
  const whole = spreads.reduce((total, spread) => total + spread, 0)
  return whole > 0
    ? spreads.reduce((total, spread) => total + meanDistance * Math.sqrt((variance * spread) / whole), 0)
    : Number.NaN
}
