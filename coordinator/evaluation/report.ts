// The report of an evaluation as data: what `report.json` holds, and what the page is made of. Everything follows from the
// pooled results and the journal; nothing is computed twice.

import type { Digest } from '../../shared/digest.ts'
import { countsFrom, sum } from '../../shared/evaluation/curve.ts'
import type { Recalibration } from '../../shared/evaluation/model-card.ts'
import type { ThresholdName } from '../../shared/evaluation/own-thresholds.ts'
import type { RiskScale } from '../../shared/evaluation/passes.ts'
import type { Pooled } from '../../shared/evaluation/pooled.ts'
import { fixedLevels, partOf, unknownLevel, wholePart } from '../../shared/evaluation/suppression/strata.ts'
import { thresholdRisk } from '../../shared/evaluation/thresholds.ts'
import { recurrenceQuestionOf } from '../../shared/study/recurrence-question.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import { programVersion } from '../../shared/version.ts'
import { roundsBehind } from '../judged-run.ts'
import type { RunStatus } from '../status.ts'
import { cautionsOf } from './cautions.ts'
import { type DriftPoint, driftOf } from './drift.ts'
import {
  type AtThresholds,
  type Estimate,
  type Figures,
  figuresAtThreshold,
  figuresOfPart,
  recalibratedSummary,
  scanCountEstimates,
  shareEstimate,
} from './estimates.ts'
import { compareFamilies } from './family-titles.ts'
import { foldSeparation } from './fold-separation.ts'
import { type SiteProbeReport, siteProbeReport } from './site-probe-report.ts'
import { type SiteReport, siteReport } from './site-report.ts'
import { type UntoldSite, untoldSites } from './untold-sites.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

export interface PartReport {
  readonly family: string
  readonly level: string
  readonly sites: number
  /** Null: too few to say anything, or withheld with a level of which there are too few. */
  readonly children: number | null
  readonly landmarks: number | null
  readonly raw: Figures
  readonly recalibrated: Figures
  readonly atThresholds: AtThresholds
}

export interface ThresholdReport {
  readonly risk: number
  readonly aim: string
  readonly figures: Figures
  /** Net benefit of acting on everybody at this threshold; on nobody it is 0. */
  readonly netBenefitOfAll: number
  /** Of all test landmarks: share below it, and above or at it. */
  readonly below: number
  readonly above: number
}

export interface EvaluationReport {
  readonly format: 'sequela-evaluation-report/1'
  readonly notice: string
  readonly writtenAt: string
  readonly programVersion: string
  readonly study: string
  readonly studyDigest: Digest
  readonly weightsDigest: string
  /** Where the study judges the weights of another: that one, who trained it, and which sites of this one did not. */
  readonly trainedBy?: {
    readonly study: string
    readonly studyDigest: string
    readonly sites: readonly string[]
    readonly newSites: readonly string[]
  }
  readonly horizonDays: number
  readonly minCell: number
  readonly data: {
    readonly sites: number
    readonly sitesHeard: number
    /** Sites whose test children stand in no figure. */
    readonly untold: readonly UntoldSite[]
    readonly children: number
    /** Null: a site may not say how many. */
    readonly events: number | null
    readonly landmarks: number
    /** What is known of children that are in two folds, in words. */
    readonly foldSeparation: string
    /** Bound on what the width of cells can have moved the AUROC by. */
    readonly aurocUncertainty: number | null
  }
  readonly performance: Readonly<Record<RiskScale, Figures>>
  /** Figures that show whether the model only counts scans. */
  readonly scanCount: Figures
  /** Pairs of scans that the progression puts in their order, by the time between them. */
  readonly pairs: readonly { readonly level: string; readonly accuracy: Estimate | null }[]
  readonly siteProbe: SiteProbeReport | null
  readonly recalibration: Recalibration | null
  readonly thresholds: { readonly ruleOut: ThresholdReport | null; readonly ruleIn: ThresholdReport | null }
  readonly parts: readonly PartReport[]
  readonly sites: readonly SiteReport[]
  readonly curves: {
    readonly roc: readonly Point[]
    readonly reliability: Readonly<Record<RiskScale, readonly (Point & { readonly share: number })[]>>
    readonly decision: { readonly model: readonly Point[]; readonly all: readonly Point[] }
  }
  readonly drift: readonly DriftPoint[]
  /** What a reader must know before believing the figures. */
  readonly cautions: readonly string[]
}

export const notice = 'Research software. Not a medical device. No figure here licenses a decision about a child.'

export function evaluationReport(options: {
  readonly run: RunStatus
  /** The run that trained the weights, where that is another one. */
  readonly trained?: RunStatus | undefined
  readonly study: StudyFile
  readonly pooled: Pooled
  readonly nowMs: number
}): EvaluationReport {
  const { run, trained, study, pooled, nowMs } = options
  const trainedBy = trained && trainedByOf(trained, study.study)
  const { study: file } = study
  const whole = pooled.test[0]
  const performance = {
    raw: figuresOfPart(pooled, wholePart, 'raw'),
    consortium: figuresOfPart(pooled, wholePart, 'consortium'),
    site: figuresOfPart(pooled, wholePart, 'site'),
  }
  const aims = {
    ruleOut: `a negative predictive value of at least ${file.evaluation?.ruleOutNpv} on the validation folds`,
    ruleIn: `a positive predictive value of at least ${file.evaluation?.ruleInPpv} on the validation folds`,
  }
  return {
    format: 'sequela-evaluation-report/1',
    notice,
    writtenAt: new Date(nowMs).toISOString(),
    programVersion,
    study: file.study,
    studyDigest: study.digest,
    weightsDigest: run.weightsDigest ?? '',
    ...(trainedBy && { trainedBy }),
    horizonDays: recurrenceQuestionOf(file)?.horizonDays ?? Number.NaN,
    minCell: file.policy.minCell,
    data: {
      sites: file.sites.length,
      sitesHeard: whole?.sites.length ?? 0,
      untold: untoldSites(file, run.rounds, pooled),
      children: whole?.children ?? 0,
      events: eventsOf(pooled),
      landmarks: whole?.landmarks ?? 0,
      foldSeparation: foldSeparation(run.linkage, file),
      aurocUncertainty: whole?.uncertainty ?? null,
    },
    performance,
    scanCount: scanCountEstimates(pooled),
    pairs: pooled.pairs.map(({ level, sums }) => ({ level, accuracy: shareEstimate(sums) })),
    siteProbe: siteProbeReport(pooled),
    recalibration: pooled.recalibration,
    thresholds: {
      ruleOut: thresholdReport(pooled, 'ruleOut', aims.ruleOut),
      ruleIn: thresholdReport(pooled, 'ruleIn', aims.ruleIn),
    },
    parts: partsOf(pooled),
    sites: pooled.sites.map(siteReport),
    curves: {
      roc: rocPoints(pooled),
      reliability: {
        raw: reliability(pooled, 'raw'),
        consortium: reliability(pooled, 'consortium'),
        site: reliability(pooled, 'site'),
      },
      decision: decisionCurves(pooled),
    },
    drift: driftOf(roundsBehind({ run, trained })),
    cautions: cautionsOf(file, { ...(trained ?? run), rounds: run.rounds }, pooled, performance.consortium),
  }
}

function trainedByOf(
  { study, studyDigest, sites }: RunStatus,
  file: StudyFile['study'],
): EvaluationReport['trainedBy'] {
  return { study, studyDigest, sites, newSites: file.sites.filter((site) => !sites.includes(site)) }
}

const nothingTold = { raw: {}, recalibrated: {}, atThresholds: { ruleOut: null, ruleIn: null } } as const

/**
 * A family after the other, levels in order of their names, numbers by size, with those that every site has but none could
 * speak of; families of which nobody knows anything are left out.
 */
function partsOf(pooled: Pooled): PartReport[] {
  const known = new Set(pooled.test.filter(({ level }) => level !== unknownLevel).map(({ family }) => family))
  const told = pooled.test
    .slice(1)
    .filter(({ family }) => known.has(family))
    .map((part) => ({
      ...{ family: part.family, level: part.level, sites: part.sites.length },
      ...{ children: part.children, landmarks: part.landmarks },
      raw: figuresOfPart(pooled, part, 'raw'),
      recalibrated: figuresOfPart(pooled, part, 'consortium'),
      atThresholds: {
        ruleOut: figuresAtThreshold(pooled, 'ruleOut', part) ?? null,
        ruleIn: figuresAtThreshold(pooled, 'ruleIn', part) ?? null,
      },
    }))
  const untold = Object.entries(pooled.test.length === 0 ? {} : fixedLevels).flatMap(([family, levels]) =>
    levels
      .filter((level) => partOf(told, { family, level }) === undefined)
      .map((level) => ({ ...{ family, level, sites: 0, children: null, landmarks: null }, ...nothingTold })),
  )
  return [...told, ...untold].sort(
    (a, b) =>
      compareFamilies(a.family, b.family) ||
      fixedRank(a) - fixedRank(b) ||
      a.level.localeCompare(b.level, 'en', { numeric: true }),
  )
}

/** Where a level stands in a family whose levels have an order of their own. */
function fixedRank({ family, level }: Pick<PartReport, 'family' | 'level'>): number {
  return fixedLevels[family]?.indexOf(level) ?? 0
}

function eventsOf({ test, sites }: Pooled): number | null {
  const told = sites.filter(({ site }) => test[0]?.sites.includes(site)).map(({ events }) => events)
  return told.some((events) => events === null) ? null : sum(told.map((events) => events ?? 0))
}

function thresholdReport(pooled: Pooled, name: ThresholdName, aim: string): ThresholdReport | null {
  const figures = figuresAtThreshold(pooled, name, wholePart)
  const group = pooled.thresholds[name]
  const curve = pooled.test[0]?.summary.curve
  if (figures === undefined || group === null || curve === undefined) return null
  const { tp, fp, fn, tn } = countsFrom(curve, group)
  const all = tp + fp + fn + tn
  const risk = thresholdRisk(pooled, group)
  const netBenefitOfAll = (tp + fn - ((fp + tn) * risk) / (1 - risk)) / all
  return { risk, aim, figures, netBenefitOfAll, below: (fn + tn) / all, above: (tp + fp) / all }
}

/** From the lowest threshold, where all are positive, to the highest. */
function rocPoints(pooled: Pooled): Point[] {
  const curve = pooled.test[0]?.summary.curve
  if (curve === undefined) return []
  return Array.from({ length: curve.cases.length + 1 }, (_, group) => {
    const { tp, fp, fn, tn } = countsFrom(curve, group)
    return { x: fp / (fp + tn), y: tp / (tp + fn) }
  })
}

/** Mean risk against event rate in each calibration bin that holds anyone, with its share of all landmarks. */
function reliability(pooled: Pooled, scale: RiskScale): (Point & { readonly share: number })[] {
  const summary = scale === 'raw' ? pooled.test[0]?.summary : recalibratedSummary(pooled, wholePart, scale)
  if (summary === undefined) return []
  const total = sum(summary.calibration.map(({ weight }) => weight))
  return summary.calibration.flatMap(({ weight, risk, cases }) =>
    weight < 0.005 * total ? [] : [{ x: risk / weight, y: cases / weight, share: weight / total }],
  )
}

/** Net benefit by threshold of recalibrated risk, of acting by the model and of acting always (never is 0). */
function decisionCurves(pooled: Pooled): EvaluationReport['curves']['decision'] {
  const curve = pooled.test[0]?.summary.curve
  if (curve === undefined) return { model: [], all: [] }
  const { tp: cases, fp: controls } = countsFrom(curve, 0)
  const [model, all]: [Point[], Point[]] = [[], []]
  for (let group = 0; group < curve.cases.length; group++) {
    const risk = group === 0 ? 0 : thresholdRisk(pooled, group)
    if (risk > 0.8) break
    const odds = risk / (1 - risk)
    const { tp, fp } = countsFrom(curve, group)
    model.push({ x: risk, y: (tp - fp * odds) / (cases + controls) })
    all.push({ x: risk, y: (cases - controls * odds) / (cases + controls) })
  }
  return { model, all }
}
