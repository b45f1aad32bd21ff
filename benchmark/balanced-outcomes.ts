// The control of outcomes that changed places. Where one feature tells most, a model that learnt from a permutation is right by chance
// or as wrong, so single permutations lie far from 0.5. Here they form Latin squares: what chance gives a feature in one permutation is
// taken back in the others of its square.

import { withOutcomesOf } from '../demo/controls.ts'
import { seededRandom, shuffled } from '../shared/random.ts'
import type { PreparedChild, PreparedScan } from '../site-agent/learning/trainer.ts'
import type { Permutation } from './cell.ts'

type FollowUp = PreparedScan['followUp']

/**
 * Outcomes of other children of the site: in order of how bad they are, turned by a share of the circle that the permutation tells, they go
 * to children in an order of chance that all permutations of a Latin square share. Each permutation alone is as likely as any other.
 * @param children of one site, with known outcomes
 */
export function withBalancedOutcomes<Child extends PreparedChild>(
  children: readonly Child[],
  seed: string,
  permutation: Permutation,
): Child[] {
  const recipients = shuffled(children, seededRandom(squareSeed(seed, permutation)))
  const donors = turned(children, ({ scans }) => daysFree(scans.at(-1)?.followUp), permutation)
  return withOutcomesOf(recipients, donors)
}

/**
 * What followed any visit of any site, for every visit. Within sites the mean change of a site would still go with its share of events.
 * @param sites children with known outcomes
 */
export function withMixedVisits<Child extends PreparedChild>(
  sites: ReadonlyMap<string, readonly Child[]>,
  seed: string,
  permutation: Permutation,
): Map<string, Child[]> {
  const visits = [...sites].flatMap(([site, children]) =>
    children.flatMap(({ key, scans }) =>
      scans.map(({ followUp }, visit) => ({ at: `${site} ${key} ${visit}`, followUp })),
    ),
  )
  const donors = turned(visits, ({ followUp }) => daysFree(followUp), permutation)
  const given = new Map(
    shuffled(visits, seededRandom(squareSeed(seed, permutation))).map(({ at }, i) => [at, donors[i]?.followUp ?? null]),
  )
  const mixed = (site: string, child: Child): Child => ({
    ...child,
    outcome: undefined,
    scans: child.scans.map((scan, visit) => ({
      ...scan,
      followUp: given.get(`${site} ${child.key} ${visit}`) ?? null,
    })),
  })
  return new Map([...sites].map(([site, children]) => [site, children.map((child) => mixed(site, child))]))
}

/** In order of the days, the first so many put last that all turns together go round. */
function turned<T>(items: readonly T[], daysOf: (item: T) => number, { number, of }: Permutation): T[] {
  const ordered = [...items].sort((a, b) => daysOf(a) - daysOf(b))
  const turn = Math.round(((number % of) * items.length) / of)
  return [...ordered.slice(turn), ...ordered.slice(0, turn)]
}

/** The first square goes by the seed alone. */
function squareSeed(seed: string, { number, of }: Permutation): string {
  const square = Math.floor(number / of)
  return square === 0 ? seed : `${seed}/${square}`
}

/** Days to the event; after all events those who had none, the longest followed last. */
function daysFree(followUp: FollowUp | undefined): number {
  if (!followUp) return Number.MAX_SAFE_INTEGER
  return followUp.event ? followUp.days : followUp.days + 1_000_000
}
