// How a site answers each pass: from its landmarks, which stay, to sums and counts, which leave. Pure; the agent brings the
// landmarks and egress.ts records the answer.

import { identityLine, type Line, newtonSums } from './calibration/calibration-fit.ts'
import { noRecalibration, recalibrated } from './calibration/recalibration.ts'
import { lineOf, onScale } from './calibration/risk-scale.ts'
import { siteRecalibration } from './calibration/shrinkage.ts'
import { strataSums } from './calibration/strata-fits.ts'
import {
  type CensoringCurve,
  censoredChildren,
  censoringIntervals,
  curveOfHazards,
  decided,
  fewestCensoredForOwnCurve,
  ownCensoringCurve,
} from './censoring.ts'
import { type ShareSums, shareSums } from './clustered-share.ts'
import { childrenOf, type DecidedLandmark, type Landmark } from './landmark.ts'
import type { Recalibration } from './model-card.ts'
import { ownCohort } from './own-cohort.ts'
import { ownFigures } from './own-figures.ts'
import { ownAtThresholds } from './own-thresholds.ts'
import { type EmbeddedScan, pairSums } from './pair-accuracy.ts'
import type { EvaluationPass, RiskScale } from './passes.ts'
import type { Pooled } from './pooled.ts'
import type { FitSums, OwnFigures, SiteAnswer, StratumCells } from './site-answer.ts'
import { momentsOf, siteGuessed } from './site-probe.ts'
import { orderBetweenSites, scanCountSquares, squaresOf } from './squares.ts'
import { cellsOfStratum, cellsThatLeave } from './stratum-cells.ts'
import { type Stratum, stratify, wholeStratum } from './suppression/stratify.ts'
import { mayLeave } from './suppression/suppression.ts'

/** What a site knows of its children, for an evaluation. */
export interface SiteLandmarks {
  readonly validation: readonly Landmark[]
  readonly test: readonly Landmark[]
  /** Of all children with an outcome, those of the training fold too: how long they are followed. Risks are not used. */
  readonly followUp: readonly Landmark[]
  /** Scans at landmarks as the model sees them. */
  readonly scans: { readonly validation: readonly EmbeddedScan[]; readonly test: readonly EmbeddedScan[] }
  /** Children of the training fold by bins of what they bring to the model. */
  readonly inputs: Readonly<Record<string, readonly InputBin[]>>
  /** How many of them have scans made in some way: by family, such as `sequence`, and level, such as `FLAIR`. */
  readonly seen: Readonly<Record<string, ReadonlyMap<string, number>>>
}

/** Children with a value in [low, high). */
export interface InputBin {
  readonly low: number
  readonly high: number
  readonly children: number
}

export interface Question {
  readonly site: string
  readonly assignment: string
  readonly pass: EvaluationPass
  /** What the passes before came to. */
  readonly pooled: Pooled
  readonly horizonDays: number
  readonly minCell: number
}

/** The answer to a pass. Deterministic: the same landmarks and question give the same bytes. */
export function answerPass(landmarks: SiteLandmarks, question: Question): SiteAnswer {
  const { site, assignment, pass, pooled, horizonDays, minCell } = question
  const curve = censoringCurveFor(landmarks.followUp, pooled, horizonDays)
  const validation = decided(landmarks.validation, horizonDays, curve)
  const test = stratify(landmarks.test, horizonDays, curve, minCell)
  const whole = test[0]?.rows ?? []
  const validated = wholeStratum(validation, minCell)
  // Only children of folds that leave: less those of one fold, their number would tell those of a withheld one.
  const children = childrenOf([...(validated?.rows ?? []), ...whole])
  const place = { format: 'sequela-evaluation-answer/1', site, assignment, children } as const
  switch (pass) {
    case 'censoring':
      return { ...place, pass, intervals: [...censoringIntervals(landmarks.followUp, horizonDays, minCell)] }
    case 'counts':
      return {
        ...place,
        pass,
        validation: validated === undefined ? null : cellsThatLeave(validated, minCell),
        test: test.map((stratum) => cellsThatLeave(stratum, minCell)),
        own:
          whole.length === 0
            ? null
            : {
                ...ownFigures(whole, minCell),
                ...ownCohort(whole, landmarks.test, landmarks.scans.test, minCell),
              },
        events: {
          validation: eventsThatLeave(validated?.rows ?? [], minCell),
          test: eventsThatLeave(whole, minCell),
        },
        inputs: Object.fromEntries(
          Object.entries(landmarks.inputs).map(([name, bins]) => [name, roundedBins(bins, minCell)]),
        ),
        seen: Object.fromEntries(
          Object.entries(landmarks.seen).map(([family, levels]) => [family, largeLevels(levels, minCell)]),
        ),
        pairs: [...pairSums(landmarks.scans.test, minCell)],
        moments: momentsOf(landmarks.scans.validation, minCell),
      }
    case 'calibration':
      return {
        ...place,
        pass,
        fits: rawSums(validated?.rows ?? [], whole, pooled),
        ...strataSums(test.slice(1), pooled.fits),
      }
    case 'recalibration': {
      const [first] = test
      const own = ownRecalibration(validation, pooled, minCell)
      const scaled = (scale: RiskScale): StratumCells[] =>
        test.map((stratum) =>
          cellsThatLeave(stratum, minCell, (risk) => recalibrated(risk, lineOf(scale, pooled, own))),
        )
      const judged = (scale: RiskScale): OwnFigures => ownFigures(onScale(whole, scale, pooled, own), minCell)
      return {
        ...place,
        pass,
        recalibration: own,
        consortium: scaled('consortium'),
        siteScale: scaled('site'),
        fits: recalibratedSums(whole, pooled, own),
        ...recalibratedParts(test, pooled, own),
        own:
          first === undefined
            ? null
            : {
                consortium: { ...judged('consortium'), ...ownAtThresholds(cellsOfStratum(first), whole, pooled) },
                site: judged('site'),
              },
      }
    }
    case 'influence': {
      const own = ownRecalibration(validation, pooled, minCell)
      const strata = test.flatMap((stratum) => squaresOf(stratum, pooled, own))
      return {
        ...place,
        pass,
        strata,
        ...orderBetweenSites(test[0], pooled, own),
        scanCount: scanCountSquares(test, pooled),
        probe: probeSums(landmarks.scans.test, question),
        fits: recalibratedSums(whole, pooled, own),
        ...recalibratedParts(test, pooled, own),
      }
    }
  }
}

/** The weights of a site's landmarks come from its own follow-up, or from all sites' where too few are censored there. */
export function censoringCurveFor(followUp: readonly Landmark[], pooled: Pooled, horizonDays: number): CensoringCurve {
  if (censoredChildren(followUp, horizonDays) >= fewestCensoredForOwnCurve) return ownCensoringCurve(followUp)
  return curveOfHazards(pooled.censoring?.hazards ?? [])
}

/** Children with an event; null when so few have one, or so few have none, that the number would tell of them. */
function eventsThatLeave(rows: readonly DecidedLandmark[], minCell: number): number | null {
  const events = childrenOf(rows.filter(({ outcome }) => outcome === 1))
  const others = childrenOf(rows) - events
  return events < minCell || (others > 0 && others < minCell) ? null : events
}

/** From this site's own validation fold; nothing where it is too small to tell of. */
function ownRecalibration(validation: readonly DecidedLandmark[], pooled: Pooled, minCell: number): Recalibration {
  if (!mayLeave(validation, minCell)) return noRecalibration
  return siteRecalibration(validation, pooled.recalibration ?? noRecalibration)
}

function rawSums(validation: readonly DecidedLandmark[], test: readonly DecidedLandmark[], pooled: Pooled): FitSums {
  const at = (name: string): Line => pooled.fits[name] ?? identityLine
  return {
    ...(validation.length > 0 && {
      validation: newtonSums(validation, at('validation')),
      validationIntercept: newtonSums(validation, at('validationIntercept')),
    }),
    ...(test.length > 0 && {
      test: newtonSums(test, at('test')),
      testIntercept: newtonSums(test, at('testIntercept')),
    }),
  }
}

function recalibratedSums(test: readonly DecidedLandmark[], pooled: Pooled, own: Recalibration): FitSums {
  if (test.length === 0) return {}
  const at = (name: string): Line => pooled.fits[name] ?? identityLine
  const site = onScale(test, 'site', pooled, own)
  return {
    consortiumIntercept: newtonSums(onScale(test, 'consortium', pooled, own), at('consortiumIntercept')),
    site: newtonSums(site, at('site')),
    siteIntercept: newtonSums(site, at('siteIntercept')),
  }
}

/** Of every group, before the consortium recalibrates and after. */
function recalibratedParts(
  test: readonly Stratum[],
  pooled: Pooled,
  own: Recalibration,
): ReturnType<typeof strataSums> {
  const parts = test.slice(1).map((one) => ({ ...one, recalibrated: onScale(one.rows, 'consortium', pooled, own) }))
  return strataSums(parts, pooled.fits)
}

/** How many of this site's scans are taken for its own; null at a site that has no part in the discriminant. */
function probeSums(scans: readonly EmbeddedScan[], { site, pooled, minCell }: Question): ShareSums | null {
  const { discriminant } = pooled.probe
  if (discriminant === null || !discriminant.some((one) => one.site === site)) return null
  const sums = shareSums(
    scans.map(({ child, embedding }) => ({ child, right: siteGuessed(discriminant, embedding) === site })),
  )
  return sums.children < minCell ? null : sums
}

/**
 * Only bins in which enough children stand, so that the ends of a range never show one child. Their numbers are rounded down to
 * a multiple of k: children with three visits have two as well, so that exact numbers would tell how many stopped there.
 */
function roundedBins(bins: readonly InputBin[], minCell: number): InputBin[] {
  return bins
    .filter(({ children }) => children >= minCell)
    .map((bin) => ({ ...bin, children: bin.children - (bin.children % minCell) }))
}

/**
 * Names of the levels with enough children, and no counts: every child has a scan of some level, so a count beside that of all
 * would tell how many the small levels have.
 */
function largeLevels(levels: ReadonlyMap<string, number>, minCell: number): string[] {
  return [...levels].flatMap(([level, children]) => (children >= minCell ? [level] : [])).sort()
}
