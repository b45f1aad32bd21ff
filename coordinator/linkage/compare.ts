// Who has which child, from sites' lists of tokens: pure, and the same whatever order sites come in before the start.
// Before the start a hash of token and site decides who keeps a child, so that no site is favoured; afterwards whoever named
// it first, because a child that one site may have trained on must not turn up in another's test fold. For the same reason a site
// that trained the weights which a study judges goes before one that did not.

import { sha256 } from '../../shared/digest.ts'
import type { LinkToken } from '../../shared/protocol/link-tokens.ts'

/** What a site claims. Lists stand in the order in which the journal has them. */
export interface LinkList {
  readonly site: string
  readonly beforeStart: boolean
  /** Whether the site trained the weights that the study judges; absent where it trains its own. */
  readonly trained?: boolean
  readonly tokens: readonly LinkToken[]
}

export interface LinkAnswer {
  /** The site's tokens that another site has too, ascending. */
  readonly shared: readonly LinkToken[]
  /** Those among them that the other site keeps. */
  readonly held: readonly LinkToken[]
}

/** What a site is told about these tokens of its own, once its list is among `lists`. */
export function answerTo(lists: readonly LinkList[], site: string, own: readonly LinkToken[]): LinkAnswer {
  const claims = claimsOf(lists)
  const shared = own.filter((token) => (claims.get(token) ?? []).some((claim) => claim.site !== site)).toSorted()
  return { shared, held: shared.filter((token) => keeperOf(token, claims.get(token) ?? []) !== site) }
}

/** How many of these tokens each of the other sites has, by what it gave last. */
export function countShared(
  latest: ReadonlyMap<string, readonly LinkToken[]>,
  site: string,
  own: readonly LinkToken[],
): readonly (readonly [site: string, children: number])[] {
  const mine = new Set(own)
  return [...latest]
    .filter(([other]) => other !== site)
    .map(([other, tokens]) => [other, tokens.filter((token) => mine.has(token)).length] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

type Claim = Omit<LinkList, 'tokens'>

function claimsOf(lists: readonly LinkList[]): ReadonlyMap<LinkToken, readonly Claim[]> {
  const claims = new Map<LinkToken, Claim[]>()
  for (const { tokens, ...claim } of lists) {
    for (const token of tokens) {
      const known = claims.get(token)
      if (known === undefined) claims.set(token, [claim])
      else known.push(claim)
    }
  }
  return claims
}

function keeperOf(token: LinkToken, claims: readonly Claim[]): string | undefined {
  const early = claims.filter(({ beforeStart }) => beforeStart)
  if (early.length === 0) return claims[0]?.site
  const trained = early.filter((claim) => claim.trained)
  const ranked = (trained.length > 0 ? trained : early).map(({ site }) => ({ site, rank: sha256(`${token}\n${site}`) }))
  return ranked.toSorted((a, b) => (a.rank < b.rank ? -1 : 1))[0]?.site
}
