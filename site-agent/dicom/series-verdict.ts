// What one stack is good for: an image of a known contrast on a sound grid, or nothing, with the reason in a sentence.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { notAnatomical } from './anatomical.ts'
import { type Grid, gridOf } from './geometry.ts'
import { leastCoverageMm } from './limits.ts'
import { classify, type Weighting } from './sequence.ts'
import type { Stack } from './stacks.ts'
import { encodingOf, mayBeLossy } from './transfer-syntax.ts'

/** Why a series is held: stable words for programs that read the report. */
export type HeldRule = 'not-anatomical' | 'sequence' | 'slices' | 'coverage' | 'duplicates' | 'encoding'

export type SeriesVerdict =
  | {
      readonly use: true
      readonly weighting: Weighting
      readonly contrast: boolean
      readonly grid: Grid
      readonly reason: string
      readonly remark: string | undefined
    }
  | { readonly use: false; readonly rule: HeldRule; readonly reason: string }

export function judgeSeries({ instance, slices, echoes, duplicates }: Stack): SeriesVerdict {
  const held = (rule: HeldRule, reason: string): SeriesVerdict => ({ use: false, rule, reason })
  const foreign = notAnatomical(instance)
  if (foreign !== undefined) return held('not-anatomical', foreign)
  const verdict = classify(instance.physics, instance.identifiers.description)
  if (verdict.weighting === undefined) return held('sequence', verdict.reason)
  if (duplicates > 0) {
    return held('duplicates', `${duplicates} of its images are there twice with different content; keep one of each`)
  }
  const { transferSyntax } = instance.layout
  let grid: Grid
  try {
    // Images still in the PACS do not say how they will be encoded.
    if (transferSyntax !== '') encodingOf(transferSyntax)
    grid = gridOf(slices)
  } catch (error) {
    if (!(error instanceof SequelaError)) throw error
    return held(error.message.includes('encoded') ? 'encoding' : 'slices', error.message)
  }
  const least = Math.min(...grid.coverageMm)
  if (least < leastCoverageMm) {
    return held('coverage', `it covers ${Math.round(least)} mm on one axis; a head needs ${leastCoverageMm}`)
  }
  const remarks = [
    verdict.remark,
    echoes > 1 ? `one of ${echoes} echoes of its series` : undefined,
    mayBeLossy(transferSyntax) ? 'its pixels may have been compressed with loss' : undefined,
  ].filter((remark) => remark !== undefined)
  const { weighting, contrast, reason } = verdict
  return { use: true, weighting, contrast, grid, reason, remark: remarks.length === 0 ? undefined : remarks.join('; ') }
}
