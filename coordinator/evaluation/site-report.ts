// What a site said of itself: who its test children are, and how well the model does on them. It computed all of it from its own
// landmarks, those at the thresholds from its cells.

import { thresholdMetricNames } from '../../shared/evaluation/at-threshold.ts'
import { evaluationMetrics } from '../../shared/evaluation/evaluation-metrics.ts'
import type { Recalibration } from '../../shared/evaluation/model-card.ts'
import { type CohortNumber, pairAccuracyName } from '../../shared/evaluation/own-cohort.ts'
import { ownThresholdFigure, type ThresholdName } from '../../shared/evaluation/own-thresholds.ts'
import type { Pooled } from '../../shared/evaluation/pooled.ts'
import type { OwnFigures } from '../../shared/evaluation/site-answer.ts'
import { type AtThresholds, chanceFigures, type Estimate, estimateOf, type Figures } from './estimates.ts'

export interface SiteReport {
  readonly site: string
  /** Null: too few children with or without an event to say anything. */
  readonly children: number | null
  /** Children with an event within the horizon after a visit; null also where too few have none. */
  readonly events: number | null
  readonly landmarks: number | null
  /** Of these children, up to the event or the end of follow-up; null also where the site's program did not say it. */
  readonly scans: number | null
  /** Mean, from the surgery to the event or the end of follow-up. */
  readonly followUpDays: number | null
  /** Children of whom another event than the study's ended what is known; null where fewer than k, perhaps nobody, or all but a few. */
  readonly competingEvents: number | null
  /** Children whose treatment was changed; null likewise. */
  readonly treatmentChanges: number | null
  readonly raw: Figures
  readonly recalibrated: Figures
  readonly recalibratedBySite: Figures
  readonly atThresholds: AtThresholds
  /** Pairs of scans in their order, over the gaps between scans that enough children have. */
  readonly pairAccuracy: Estimate | null
  readonly recalibration: Recalibration | null
}

export function siteReport(site: Pooled['sites'][number]): SiteReport {
  const { raw, consortium, own, recalibration } = site
  const number = (name: CohortNumber): number | null => raw?.[name]?.value ?? null
  const at = (name: ThresholdName): Figures | null => {
    const told = thresholdMetricNames.flatMap((metric) => {
      const figure = consortium?.[ownThresholdFigure(name, metric)]
      return figure === undefined ? [] : [[metric, estimateOf(metric, figure.value, figure.error)] as const]
    })
    return told.length === 0 ? null : Object.fromEntries(told)
  }
  const pairs = raw?.[pairAccuracyName]
  return {
    ...{ site: site.site, children: site.children, landmarks: site.landmarks, events: site.events },
    ...{ scans: number('scans'), followUpDays: number('follow_up_days') },
    ...{ competingEvents: number('competing_events'), treatmentChanges: number('treatment_changes') },
    raw: modelFigures(raw),
    recalibrated: modelFigures(consortium),
    recalibratedBySite: modelFigures(own),
    atThresholds: { ruleOut: at('ruleOut'), ruleIn: at('ruleIn') },
    pairAccuracy: pairs === undefined ? null : estimateOf('share', pairs.value, pairs.error),
    recalibration,
  }
}

/** Those that every part of the report has; what else a site says of itself has its place above. */
function modelFigures(figures: OwnFigures | null): Figures {
  const told = Object.entries(figures ?? {}).filter(([name]) => name in evaluationMetrics || name in chanceFigures)
  return Object.fromEntries(told.map(([name, { value, error }]) => [name, estimateOf(name, value, error)] as const))
}
