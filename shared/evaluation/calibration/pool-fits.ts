// The lines of calibration that all sites fit together, pass by pass: where each begins, and the step that the sites' sums allow.

import type { Curve } from '../curve.ts'
import type { Summary } from '../figures.ts'
import type { Pooled } from '../pooled.ts'
import { riskBinCount } from '../risk-bins.ts'
import type { FitName, FitSums, SiteAnswer, StratumFits } from '../site-answer.ts'
import { isSamePart, type Part } from '../suppression/strata.ts'
import {
  addNewtonSums,
  type Fit,
  type FitKind,
  type FitRow,
  fitLine,
  identityLine,
  type NewtonSums,
  newtonStep,
  newtonSums,
  unfitted,
} from './calibration-fit.ts'
import { stratumFitName, stratumFits } from './strata-fits.ts'

interface Counted extends Part {
  readonly summary: Summary
}

/** Where the fits begin, once cells are known. */
export function startFits(validation: Counted | null, test: readonly Counted[]): Record<string, Fit> {
  const startAt = (part: Counted | null | undefined, kind: FitKind): Fit =>
    part == null ? unfitted(kind) : startOf(part.summary.curve, kind)
  const ofParts = test
    .slice(1)
    .flatMap((part) =>
      (['test', 'testIntercept'] as const).map(
        (fit) => [stratumFitName(fit, part), startAt(part, kinds[fit])] as const,
      ),
    )
  return {
    validation: startAt(validation, 'line'),
    validationIntercept: startAt(validation, 'intercept'),
    test: startAt(test[0], 'line'),
    testIntercept: startAt(test[0], 'intercept'),
    ...Object.fromEntries(ofParts),
  }
}

/** Where Newton's method begins: the fit to the pooled bins, each at its middle; one or two steps from the exact one. */
function startOf(curve: Curve, kind: FitKind): Fit {
  const { intercept, slope } = fitLine(rowsOfBins(curve), kind)
  return { ...unfitted(kind), intercept, slope }
}

function rowsOfBins({ cases, controls }: Curve): readonly FitRow[] {
  return Array.from({ length: riskBinCount }, (_, bin) => {
    const risk = Math.sin((Math.PI * (bin + 0.5)) / (2 * riskBinCount)) ** 2
    const row = { child: String(bin), risk }
    return [
      { ...row, outcome: 1 as const, weight: cases[bin] ?? 0 },
      { ...row, outcome: 0 as const, weight: controls[bin] ?? 0 },
    ]
  }).flat()
}

/**
 * A longer first step than Newton's, where cells and exact sums at the identity come in one pass: the line that the bins would
 * have if their likelihood had the exact gradient there (a surrogate likelihood, Jordan, Lee and Yang 2019). Newton's step where
 * that does not come to rest.
 */
function firstStep(curve: Curve, kind: FitKind, exact: NewtonSums): Fit {
  const rows = rowsOfBins(curve)
  const atIdentity = newtonSums(rows, identityLine)
  const newton = newtonStep(unfitted(kind), exact)
  let fit = unfitted(kind)
  for (let step = 0; step < 50 && (fit.lastStep ?? 1) > 1e-10; step++) {
    const { gradient, ...others } = newtonSums(rows, fit)
    const corrected = [
      gradient[0] + exact.gradient[0] - atIdentity.gradient[0],
      gradient[1] + exact.gradient[1] - atIdentity.gradient[1],
    ] as const
    fit = newtonStep(fit, { ...others, gradient: corrected })
  }
  const { intercept, slope, lastStep } = fit
  if (!((lastStep ?? 1) <= 1e-6 && Number.isFinite(intercept + slope))) return newton
  return { ...newton, intercept, slope, lastStep: Math.hypot(intercept, slope - 1) }
}

const kinds: Readonly<Record<FitName, FitKind>> = {
  validation: 'line',
  validationIntercept: 'intercept',
  test: 'line',
  testIntercept: 'intercept',
  consortiumIntercept: 'intercept',
  site: 'line',
  siteIntercept: 'intercept',
}

interface Fitting {
  readonly site: string
  readonly pass: SiteAnswer['pass']
  readonly fits: FitSums
  readonly strataFits?: readonly StratumFits[] | undefined
}

/**
 * One step of each fit of which sums came from every site whose children it is of; where one is missing, it stays where it was,
 * as the rest are other children. `curves` of fits that begin in this pass: of the risks that they are of.
 */
export function withSteps(
  before: Pooled,
  answers: readonly Fitting[],
  curves: Partial<Readonly<Record<FitName, Curve>>> = {},
): Pooled {
  const fits: Record<string, Fit> = { ...before.fits }
  for (const [name, kind] of fitNames()) {
    const sites = (isOfValidation(name) ? before.validation : before.test[0])?.sites ?? []
    const total = sumsOfAll(sites, answers, ({ fits: told }) => told[name])
    if (total === undefined) continue
    const [curve, begun] = [curves[name], fits[name]]
    if (curve !== undefined && begun === undefined) fits[name] = firstStep(curve, kind, total)
    else fits[name] = newtonStep(begun ?? unfitted(kind), total)
  }
  return { ...before, fits: withStepsOfParts(fits, before, answers) }
}

function withStepsOfParts(
  fits: Record<string, Fit>,
  { test }: Pooled,
  answers: readonly Fitting[],
): Record<string, Fit> {
  const after = { ...fits }
  for (const part of test.slice(1)) {
    for (const fit of stratumFits) {
      // Nothing is recalibrated yet.
      if (answers[0]?.pass === 'calibration' && fit === 'consortiumIntercept') continue
      const total = sumsOfAll(
        part.sites,
        answers,
        ({ strataFits = [] }) => strataFits.find((one) => isSamePart(one, part))?.fits[fit],
      )
      const name = stratumFitName(fit, part)
      if (total !== undefined) after[name] = newtonStep(after[name] ?? unfitted(kinds[fit]), total)
    }
  }
  return after
}

/** Undefined where one of the sites sent none. */
function sumsOfAll(
  sites: readonly string[],
  answers: readonly Fitting[],
  sumsOf: (answer: Fitting) => NewtonSums | undefined,
): NewtonSums | undefined {
  const told = answers.flatMap((answer) => (sites.includes(answer.site) ? (sumsOf(answer) ?? []) : []))
  return told.length > 0 && told.length === sites.length ? addNewtonSums(told) : undefined
}

function isOfValidation(name: FitName): boolean {
  return name === 'validation' || name === 'validationIntercept'
}

function fitNames(): readonly (readonly [FitName, FitKind])[] {
  return [
    ['validation', kinds.validation],
    ['validationIntercept', kinds.validationIntercept],
    ['test', kinds.test],
    ['testIntercept', kinds.testIntercept],
    ['consortiumIntercept', kinds.consortiumIntercept],
    ['site', kinds.site],
    ['siteIntercept', kinds.siteIntercept],
  ]
}
