// How well a linear discriminant tells from an embedding where the scan was made: the mean over sites of the share of their
// test scans that it recognises, so that large sites do not count for more. Chance is one over the number of sites.

import { shareOf } from '../../shared/evaluation/clustered-share.ts'
import type { Pooled } from '../../shared/evaluation/pooled.ts'
import { type Estimate, estimateOf, shareEstimate } from './estimates.ts'

export interface SiteProbeReport {
  /** Sites among which the discriminant chooses. */
  readonly among: number
  readonly chance: number
  readonly recognised: Estimate
  readonly sites: readonly { readonly site: string; readonly recognised: Estimate | null }[]
}

/** Null while it was not asked, or where fewer than two sites could say anything. */
export function siteProbeReport({ probe: { discriminant, sites } }: Pooled): SiteProbeReport | null {
  if (discriminant === null || sites.length < 2) return null
  const shares = sites.map(({ sums }) => shareOf(sums))
  const mean = shares.reduce((total, { value }) => total + value, 0) / sites.length
  const error = Math.hypot(...shares.map((one) => one.error)) / sites.length
  const recognised = estimateOf('share', mean, error)
  if (recognised === null) return null
  return {
    ...{ among: discriminant.length, chance: 1 / discriminant.length, recognised },
    sites: sites.map(({ site, sums }) => ({ site, recognised: shareEstimate(sums) })),
  }
}
