// Weights of cases and controls in groups of rising risk, and what follows from their order alone: AUROC, the area under
// the precision-recall curve, and the counts at a threshold. A derivative by a group's weight is the influence of a landmark
// in it (per unit of its weight), from which intervals clustered by child are made.

/** Weight of landmarks with an event (cases) and without one (controls), by group in rising order of risk. */
export interface Curve {
  readonly cases: readonly number[]
  readonly controls: readonly number[]
}

/** Derivatives of a figure by the weight in each group. */
export type CurveGradient = Curve

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Won pairs over all: Σ_g P_g (N_below g + N_g / 2) / (P N). NaN without cases or controls. */
export function aurocOf(curve: Curve): number {
  // Rounding may lift a perfect order a little above 1.
  return Math.min(1, wonPairs(curve) / (sum(curve.cases) * sum(curve.controls)))
}

/** Weight of the pairs in which a case has more risk than a control; ties count half. */
export function wonPairs({ cases, controls }: Curve): number {
  let below = 0
  let won = 0
  for (const [group, weight] of cases.entries()) {
    const here = controls[group] ?? 0
    won += weight * (below + here / 2)
    below += here
  }
  return won
}

/** Influence on an AUROC of `auroc` (learning.md, section 9): case (F0 − A) / P, control (1 − F1 − A) / N. */
export function aurocGradient({ cases, controls }: Curve, auroc: number): CurveGradient {
  const [p, n] = [sum(cases), sum(controls)]
  const midDistribution = (weights: readonly number[], total: number): number[] => {
    let below = 0
    return weights.map((weight) => {
      const middle = (below + weight / 2) / total
      below += weight
      return middle
    })
  }
  return {
    cases: midDistribution(controls, n).map((share) => (share - auroc) / p),
    controls: midDistribution(cases, p).map((share) => (1 - share - auroc) / n),
  }
}

/**
 * Area under the precision-recall curve. Within a group, cases and controls come evenly mixed, so precision follows the
 * hyperbola of Davis and Goadrich (2006) and the area has a closed form. NaN without cases.
 */
export function auprcOf(curve: Curve): number {
  return precisionSegments(curve).reduce((area, { value }) => area + value, 0) / sum(curve.cases)
}

export function auprcGradient(curve: Curve): CurveGradient {
  const p = sum(curve.cases)
  const segments = precisionSegments(curve)
  const area = segments.reduce((total, { value }) => total + value, 0) / p
  const cases: number[] = []
  const controls: number[] = []
  // What weight in a group does to the segments of lower risk, summed from the bottom up.
  let [byTruePositives, byPositives] = [0, 0]
  for (const segment of segments) {
    controls.push((segment.byWeight + byPositives) / p)
    cases.push((segment.byCases + segment.byWeight + byTruePositives + byPositives - area) / p)
    byTruePositives += segment.byTruePositives
    byPositives += segment.byPositives
  }
  return { cases, controls }
}

/** What is at or above the lower end of `group`, and what is below it. */
export function countsFrom(
  { cases, controls }: Curve,
  group: number,
): { readonly tp: number; readonly fp: number; readonly fn: number; readonly tn: number } {
  return {
    tp: sum(cases.slice(group)),
    fp: sum(controls.slice(group)),
    fn: sum(cases.slice(0, group)),
    tn: sum(controls.slice(0, group)),
  }
}

/** One group's part of the area times all cases, with its derivatives. Groups from the lowest risk up. */
interface Segment {
  readonly value: number
  readonly byCases: number
  readonly byWeight: number
  readonly byTruePositives: number
  readonly byPositives: number
}

/** With p cases among s in the group, t cases among u above: p ∫₀¹ (t + xp) / (u + xs) dx. */
function precisionSegments({ cases, controls }: Curve): readonly Segment[] {
  const segments: Segment[] = []
  let [t, u] = [0, 0]
  for (let group = cases.length - 1; group >= 0; group--) {
    const p = cases[group] ?? 0
    const s = p + (controls[group] ?? 0)
    segments.push(segmentOf(p, s, t, u))
    t += p
    u += s
  }
  return segments.reverse()
}

function segmentOf(p: number, s: number, t: number, u: number): Segment {
  if (s === 0) return { value: 0, byCases: u > 0 ? t / u : 1, byWeight: 0, byTruePositives: 0, byPositives: 0 }
  const share = p / s
  if (u === 0) {
    return { value: p * share, byCases: 2 * share, byWeight: -share * share, byTruePositives: 0, byPositives: 0 }
  }
  const log = Math.log1p(s / u)
  const excess = t - u * share
  return {
    value: p * share + share * excess * log,
    byCases: 2 * share + ((t - 2 * u * share) / s) * log,
    byWeight: -share * share + (share / s) * (2 * u * share - t) * log + (share * excess) / (u + s),
    byTruePositives: share * log,
    byPositives: -share * share * log - (share * excess * s) / (u * (u + s)),
  }
}
