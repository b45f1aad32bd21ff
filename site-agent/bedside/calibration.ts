// From the model's own risk to one that can be believed: recalibrated as the model card says, with the range in which such
// risks held, and the zone it lies in. All of it comes from the card; nothing is made up at the site.

import { bandAt } from '../../shared/evaluation/calibration/calibration-band.ts'
import { beforeRecalibration, recalibrated } from '../../shared/evaluation/calibration/recalibration.ts'
import type { ModelCard } from '../../shared/evaluation/model-card.ts'
import { normalQuantile } from '../../shared/evaluation/normal-quantile.ts'

export const zones = ['rule-out', 'grey', 'rule-in'] as const
export type Zone = (typeof zones)[number]

export interface Range {
  readonly low: number
  readonly high: number
}

export interface CalibratedRisk {
  readonly risk: number
  /**
   * 95 % interval, clustered by child, of the share of test landmarks with such a risk that were followed by an event;
   * undefined where the card fits no line of calibration. It says how far such risks held, not how sure the model is of
   * this child.
   */
  readonly seen: (Range & { readonly children: number }) | undefined
  /** By the consortium's recalibration, in which thresholds are given. */
  readonly zone: Zone | undefined
}

/** Whose recalibration is used for a site's children. */
export type RecalibrationOf = 'site' | 'consortium'

/** The site's own recalibration, or the consortium's; undefined when the card holds neither. */
export function recalibrationFor({ recalibration }: ModelCard, site: string): RecalibrationOf | undefined {
  const own = recalibration.sites[site]
  if (own !== undefined && own.kind !== 'none') return 'site'
  return recalibration.consortium.kind === 'none' ? undefined : 'consortium'
}

/**
 * Whether risks told children apart in the evaluation: false when it cannot rule out, with 95 % certainty, that events were as
 * frequent where risks were high as where they were low. True where no line was fitted, as nothing is known then.
 */
export function toldApart({ calibrationLines }: ModelCard, by: RecalibrationOf): boolean {
  const line = calibrationLines[by]
  return line === null || line.slope - normalQuantile * Math.sqrt(line.covariance[2]) > 0
}

/** @param risk as the model gives it @param by what `recalibrationFor` says */
export function calibrate(card: ModelCard, site: string, by: RecalibrationOf, risk: number): CalibratedRisk {
  const { consortium, sites } = card.recalibration
  const common = recalibrated(risk, consortium)
  const own = by === 'site' ? sites[site] : undefined
  const shown = own === undefined ? common : recalibrated(risk, own)
  return {
    risk: shown,
    seen: seenAt(card, by, shown),
    zone: zoneOf(card.thresholds, common),
  }
}

/** Both thresholds on the scale of the risks that are shown; null where none met what was asked for. */
export interface ShownThresholds {
  readonly ruleOut: number | null
  readonly ruleIn: number | null
}

/**
 * Thresholds are given in the consortium's recalibrated risk. Where a site's own recalibration is shown they are moved onto its
 * scale, so that every risk stands on that side of them on which its zone is. @param by what `recalibrationFor` says
 */
export function shownThresholds(card: ModelCard, site: string, by: RecalibrationOf): ShownThresholds {
  const { consortium, sites } = card.recalibration
  const own = by === 'site' ? sites[site] : undefined
  const shown = (risk: number): number =>
    own === undefined ? risk : recalibrated(beforeRecalibration(risk, consortium), own)
  const { ruleOut, ruleIn } = card.thresholds
  return { ruleOut: ruleOut && shown(ruleOut.risk), ruleIn: ruleIn && shown(ruleIn.risk) }
}

/**
 * The risk within another time, moved along with the one that was recalibrated: its cumulative hazard −log(1 − risk) is
 * multiplied by the same factor (proportional hazards). Nobody checked it against outcomes; it only keeps risks of one child
 * in their order, the longer time never the smaller risk.
 */
export function movedAlong(risk: number, { from, to }: { readonly from: number; readonly to: number }): number {
  const hazard = -Math.log1p(-Math.min(from, mostRisk))
  if (hazard === 0) return risk
  const factor = -Math.log1p(-Math.min(to, mostRisk)) / hazard
  return -Math.expm1(factor * Math.log1p(-Math.min(risk, mostRisk)))
}

/** Keeps hazards finite. */
const mostRisk = 1 - 1e-9

/** Undefined when neither threshold met what was asked of it. */
export function zoneOf({ ruleOut, ruleIn }: Pick<ModelCard['thresholds'], 'ruleOut' | 'ruleIn'>, risk: number) {
  if (ruleOut === null && ruleIn === null) return undefined
  if (ruleIn !== null && risk >= ruleIn.risk) return 'rule-in'
  if (ruleOut !== null && risk < ruleOut.risk) return 'rule-out'
  return 'grey'
}

function seenAt({ calibrationLines, data }: ModelCard, by: RecalibrationOf, risk: number): CalibratedRisk['seen'] {
  const line = calibrationLines[by]
  return line === null ? undefined : { ...bandAt(line, risk), children: data.children }
}
