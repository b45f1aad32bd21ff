// What is known of children that two sites treat, for whoever relies on a test fold. Folds go by site and child, so a child
// that is at two sites may be in the training fold of one and in the test fold of the other.

import type { Study } from '../../shared/study/study.ts'
import { type LinkageStatus, sharedKeyOf } from '../linkage/linkage-status.ts'

/** @param linkage undefined: the study does not ask sites to look. @param from where it judges weights that were trained before */
export function foldSeparation(
  linkage: LinkageStatus | undefined,
  { from, sites }: Pick<Study, 'from' | 'sites'>,
): string {
  const absent = from?.sites.filter((site) => !sites.includes(site)) ?? []
  const unheard = `a child that was trained on at ${absent.join(', ')}, which took no part here, would not be found elsewhere`
  return [separationOf(linkage), ...(absent.length === 0 ? [] : [unheard])].join('; ')
}

function separationOf(linkage: LinkageStatus | undefined): string {
  const within = 'within a site no child is in two folds'
  if (linkage === undefined) {
    return `${within}; nobody looked for children that two sites treat, and such a child may have been trained on at one and tested at another`
  }
  const { compared, others } = sharedKeyOf(linkage)
  const [count, all] = [compared.length, linkage.sites.length]
  if (count < 2) {
    return `${within}; the study asks for a comparison of sites, but no two were compared, so a child that two treat may have been trained on at one and tested at another`
  }
  const found = 'children that two of them name by the same identifier are used at one alone'
  const limits = 'an identifier that is missing or spelt differently is not found'
  return count === all
    ? `${within}; all ${all} sites were compared by keyed hashes, and ${found}; ${limits}`
    : `${within}; ${count} of ${all} sites were compared by keyed hashes, and ${found}; ${limits}, and nothing is known of children whom another site shares with ${others.join(', ')}`
}
