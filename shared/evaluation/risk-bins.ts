// The fixed bins of risk that every site counts in: 50 of equal width on the arcsine scale, so that they are narrow where
// risks are small and a step means much; ten calibration bins of five each. Thresholds are edges of bins.

export const riskBinCount = 50
const binsOfCalibration = 5
export const calibrationBinCount = riskBinCount / binsOfCalibration

/** 51 edges from 0 to 1: sin²(πk/100). */
export const riskEdges: readonly number[] = Array.from(
  { length: riskBinCount + 1 },
  (_, k) => Math.sin((Math.PI * k) / (2 * riskBinCount)) ** 2,
)

/** The bin that holds a risk: edge k ≤ risk < edge k + 1, and 1 in the last. */
export function riskBinOf(risk: number): number {
  const guess = Math.floor((Math.asin(Math.sqrt(risk)) * 2 * riskBinCount) / Math.PI)
  const bin = Math.min(riskBinCount - 1, Math.max(0, guess))
  if (risk < edgeRisk(bin)) return bin - 1
  return risk >= edgeRisk(bin + 1) && bin < riskBinCount - 1 ? bin + 1 : bin
}

export function calibrationBinOf(risk: number): number {
  return Math.floor(riskBinOf(risk) / binsOfCalibration)
}

/** The risk at the lower edge of a bin. */
export function edgeRisk(index: number): number {
  return riskEdges[index] ?? Number.NaN
}
