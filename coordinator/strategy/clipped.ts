// Norm clipping around any strategy: no single site moves the model further than all agreed.

import type { Strategy } from './strategy.ts'

/** Scales each update whose L2 norm exceeds `maxNorm` down to it, before `inner` combines them. */
export function clipped(inner: Strategy, maxNorm: number): Strategy {
  return {
    scales: (shares) =>
      inner.scales(shares).map((scale, k) => scale * Math.min(1, maxNorm / (shares[k]?.norm || maxNorm))),
    combine: inner.combine,
  }
}
