// How time is told to the network in stage 2: the days from a scan to the landmark as waves of several lengths, so that a
// gap of weeks and one of years are both easy to see. Nothing of it exists while order is learnt: it would be the answer.

/** Lengths of the waves in days, from a month to five and a half years, evenly spaced in their logarithm. */
export const timePeriodsDays: readonly number[] = Array.from({ length: 8 }, (_, m) => 30 * (2000 / 30) ** (m / 7))

/** Numbers in the code of one gap. */
export const timeCodeSize: number = 2 * timePeriodsDays.length

/**
 * Fourier code of gaps: sin 2πΔ/P, cos 2πΔ/P for each period P, side by side (as Tancik et al. 2020).
 * @param gapDays days before the landmark, one a row; NaN where there is no scan gives zeros
 * @returns [row, code] as one array
 */
export function timeCode(gapDays: ArrayLike<number>): Float32Array {
  const code = new Float32Array(gapDays.length * timeCodeSize)
  for (let row = 0; row < gapDays.length; row++) {
    const days = gapDays[row] ?? Number.NaN
    if (Number.isNaN(days)) continue
    for (const [m, period] of timePeriodsDays.entries()) {
      const angle = (2 * Math.PI * days) / period
      code[row * timeCodeSize + 2 * m] = Math.sin(angle)
      code[row * timeCodeSize + 2 * m + 1] = Math.cos(angle)
    }
  }
  return code
}
