// Lines of calibration of the parts of the test folds, fitted in the passes that fit those of the whole. They stand among the
// pooled fits under the name of the fit and of the part; a site sends sums for parts whose fit it finds there.

import type { DecidedLandmark } from '../landmark.ts'
import type { FitSums, StratumFits } from '../site-answer.ts'
import type { Part } from '../suppression/strata.ts'
import { type Fit, identityLine, type Line, newtonSums } from './calibration-fit.ts'

/** What is fitted of each part: line and intercept of risks as given, and the intercept after recalibration by the consortium. */
export const stratumFits = ['test', 'testIntercept', 'consortiumIntercept'] as const

export type StratumFit = (typeof stratumFits)[number]

export function stratumFitName(fit: StratumFit, { family, level }: Part): string {
  return `${fit}/${family}/${level}`
}

/** A part with its landmarks; `recalibrated` by the consortium, once there is a recalibration. */
export interface FittedPart extends Part {
  readonly rows: readonly DecidedLandmark[]
  readonly recalibrated?: readonly DecidedLandmark[]
}

/** A site's sums at the lines as they stand; nothing where no part is fitted. */
export function strataSums(
  strata: readonly FittedPart[],
  fits: Readonly<Record<string, Fit>>,
): { readonly strataFits?: StratumFits[] } {
  const strataFits = strata.flatMap(({ family, level, rows, recalibrated }) => {
    const at = (fit: StratumFit): Line => fits[stratumFitName(fit, { family, level })] ?? identityLine
    if (fits[stratumFitName('test', { family, level })] === undefined) return []
    const sums: FitSums = {
      test: newtonSums(rows, at('test')),
      testIntercept: newtonSums(rows, at('testIntercept')),
      ...(recalibrated && { consortiumIntercept: newtonSums(recalibrated, at('consortiumIntercept')) }),
    }
    return [{ family, level, fits: sums }]
  })
  return strataFits.length === 0 ? {} : { strataFits }
}
