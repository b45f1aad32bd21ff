// Every site counts alike, however many children it has: with a strategy by rank, fewer than half of the sites can then do
// no more than the others allow, even one that claims to have most of the children.

import type { SiteShare, Strategy } from './strategy.ts'

/** `inner`, told of one child at each site. */
export function equalSites(inner: Strategy): Strategy {
  const alike = (shares: readonly SiteShare[]): SiteShare[] => shares.map((share) => ({ ...share, children: 1 }))
  return {
    scales: (shares) => inner.scales(alike(shares)),
    combine: (block, shares, scales, next) => inner.combine(block, alike(shares), scales, next),
  }
}
