// What the number of scans alone tells. Worried sites scan more, and a child with an event has a shorter history, so a model
// could seem to know what it only counted. Two figures over the parts by number of scans show it: how well risks do among
// landmarks with as many scans, and how well the number of scans would do without any image.

import { aurocGradient, aurocOf, type Curve, sum } from './curve.ts'
import type { DecidedLandmark } from './landmark.ts'
import type { OwnOrder } from './own-order.ts'
import { riskBinOf } from './risk-bins.ts'
import { fixedLevels, scansLevelOf } from './suppression/strata.ts'

/** Both figures, with what each says. */
export const scanCountMetrics = {
  auroc_count_matched:
    'AUROC over pairs of landmarks with the same number of scans only (6 and more count as the same)',
  auroc_count_only:
    'AUROC of the number of scans alone, more scans taken for less risk; 0.5 says that it tells nothing',
} as const satisfies Record<string, string>

export type ScanCountMetric = keyof typeof scanCountMetrics
export type ScanCountFigures = Readonly<Record<ScanCountMetric, number>>

/** All landmarks of a fold with one number of scans. */
export interface CountStratum {
  readonly level: string
  readonly auroc: number
  readonly curve: Curve
}

/** Of the levels that sites could speak of. NaN when there is none. */
export function scanCountFigures(strata: readonly CountStratum[]): ScanCountFigures {
  const pairs = strata.map(pairsIn)
  const won = strata.map(({ auroc }, index) => auroc * (pairs[index] ?? 0))
  return { auroc_count_matched: sum(won) / sum(pairs), auroc_count_only: aurocOf(countCurve(strata)) }
}

/**
 * The influence of a landmark of one of the levels on both figures, times its weight.
 * @param orders among the site's own landmarks of each level
 */
export function scanCountInfluence(
  strata: readonly CountStratum[],
  orders: ReadonlyMap<string, OwnOrder> = new Map(),
): (row: DecidedLandmark) => ScanCountFigures {
  const figures = scanCountFigures(strata)
  const allPairs = sum(strata.map(pairsIn))
  const matched = new Map(
    strata.map((stratum) => [
      stratum.level,
      { gradient: aurocGradient(stratum.curve, figures.auroc_count_matched), share: pairsIn(stratum) / allPairs },
    ]),
  )
  const counted = aurocGradient(countCurve(strata), figures.auroc_count_only)
  return (row) => {
    const { visits, risk, outcome, weight } = row
    const [level, side] = [scansLevelOf(visits), outcome === 1 ? 'cases' : 'controls'] as const
    const own = matched.get(level)
    if (own === undefined) return { auroc_count_matched: 0, auroc_count_only: 0 }
    return {
      auroc_count_matched:
        weight * (own.share * (own.gradient[side][riskBinOf(risk)] ?? 0) + (orders.get(level)?.(row) ?? 0) / allPairs),
      auroc_count_only: weight * (counted[side][groupOf(level)] ?? 0),
    }
  }
}

/** Σ over cases and controls of the product of their weights. */
function pairsIn({ curve: { cases, controls } }: CountStratum): number {
  return sum(cases) * sum(controls)
}

const levels = fixedLevels.scans ?? []

/** Fewer scans stand for more risk. */
function groupOf(level: string): number {
  return levels.length - 1 - levels.indexOf(level)
}

function countCurve(strata: readonly CountStratum[]): Curve {
  const weights = (side: keyof Curve): number[] =>
    levels.map((_, group) =>
      sum(strata.filter(({ level }) => groupOf(level) === group).flatMap(({ curve }) => curve[side])),
    )
  return { cases: weights('cases'), controls: weights('controls') }
}
