// What a consortium sees of the check for children in two hospitals: who is compared, who is not and why, and how many
// children two sites share where the study allows that number to be shown.

import { fingerprintInGroups, type UncheckedReason, uncheckedReasons } from '../../shared/protocol/link-tokens.ts'
import type { LinkPair, LinkWord, Run } from '../run/run.ts'

export type SiteLinkage = { readonly site: string } & (
  | { readonly state: 'compared'; readonly keyFingerprint: string; readonly tokens: number }
  | { readonly state: 'unchecked'; readonly reason: UncheckedReason }
  /** It has not said anything yet. */
  | { readonly state: 'silent' }
)

export interface LinkageStatus {
  /** Counts below it are not shown. */
  readonly minCell: number
  /** In order of id. */
  readonly sites: readonly SiteLinkage[]
  /** `children` is null where fewer than `minCell` are shared, which may be none. */
  readonly pairs: readonly LinkPair[]
}

export function linkageStatus({ study, linkage }: Pick<Run, 'study' | 'linkage'>): LinkageStatus {
  return {
    minCell: study.policy.minCell,
    sites: study.sites.toSorted().map((site) => ({ site, ...stateOf(linkage.words.get(site)) })),
    pairs: linkage.pairs.toSorted((a, b) => (a.sites.join() < b.sites.join() ? -1 : 1)),
  }
}

/** Lines of plain text for `status`. */
export function linkageLines({ minCell, sites, pairs }: LinkageStatus): string[] {
  const compared = sites.filter((site) => site.state === 'compared')
  const keys = sitesByKey(sites)
  const shown = pairs.filter(({ children }) => children !== null)
  return [
    `children in two hospitals: compared ${compared.map(({ site }) => site).join(', ') || 'none'}`,
    ...sites.flatMap((site) =>
      site.state === 'unchecked' ? [`  ${site.site}: unchecked, ${uncheckedReasons[site.reason]}`] : [],
    ),
    ...silentLine(sites),
    ...(keys.size < 2
      ? []
      : [
          '  KEYS DIFFER, and between them nothing is found:',
          ...[...keys].map(([key, of]) => `    ${fingerprintInGroups(key)}: ${of.join(', ')}`),
        ]),
    ...shown.map(({ sites: [a, b], children }) => `  ${a} and ${b} share ${children}`),
    ...(shown.length === pairs.length ? [] : [`  other pairs share fewer than ${minCell}`]),
  ]
}

/** The sites of the largest group that was compared under one key, and all others; between keys nothing is found. */
export function sharedKeyOf({ sites }: LinkageStatus): {
  readonly compared: readonly string[]
  readonly others: readonly string[]
} {
  const [compared = []] = [...sitesByKey(sites).values()].toSorted((a, b) => b.length - a.length)
  return { compared, others: sites.map(({ site }) => site).filter((site) => !compared.includes(site)) }
}

/** Names of the sites that were compared, by the fingerprint of their key. */
function sitesByKey(sites: LinkageStatus['sites']): ReadonlyMap<string, readonly string[]> {
  const compared = sites.filter((site) => site.state === 'compared')
  const groups = Map.groupBy(compared, ({ keyFingerprint }) => keyFingerprint)
  return new Map([...groups].map(([key, of]) => [key, of.map(({ site }) => site)]))
}

/** What an operator should know who has just started such a study. */
export function startedUnlinked({ sites }: LinkageStatus): string {
  const silent = silentLine(sites)
  if (silent.length === 0) return 'every site has been compared, or has said why not: coordinator status'
  return `children in two hospitals:${silent.join('')}; from now on, whoever names a child first keeps it`
}

function silentLine(sites: readonly SiteLinkage[]): string[] {
  const silent = sites.filter(({ state }) => state === 'silent').map(({ site }) => site)
  return silent.length === 0 ? [] : [`  not heard yet: ${silent.join(', ')}`]
}

function stateOf(word: LinkWord | undefined) {
  if (word === undefined) return { state: 'silent' } as const
  if (word.kind === 'unchecked') return { state: 'unchecked', reason: word.reason } as const
  return { state: 'compared', keyFingerprint: word.keyFingerprint, tokens: word.tokens } as const
}
