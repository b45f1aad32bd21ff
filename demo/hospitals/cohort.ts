// Who is in which hospital: the list of children, each with a seed text of its own, so that a child is the same
// whoever draws it, in whatever order, and with however many others.

import { type Random, seededRandom } from '../../shared/random.ts'
import { type ChildCourse, drawChild, drawGrowingChild, drawHardenedChild, landmarkLabel } from './child.ts'
import { drawScanner, type Scanner } from './scanner.ts'

/** The visit at which test children are asked (0-based: the sixth), and the last one that is painted for them. */
export const landmarkVisit = 5

/** A hospital that trains nothing; a quarter of the test children were scanned there. */
export const unseenHospital = 'unseen'

/**
 * What children are drawn from. `demo`: bright lesions. `hardened`: lesions no brighter than scars and vessels, beside spots
 * that mean nothing; charts that mean something. `growth`: tumours grown cell by cell (tumour-growth.ts), painted at 2 mm.
 */
export const cohortKinds = ['demo', 'hardened', 'growth'] as const
export type CohortKind = (typeof cohortKinds)[number]

const drawChildOf: Readonly<Record<CohortKind, (random: Random) => ChildCourse>> = {
  demo: drawChild,
  hardened: drawHardenedChild,
  growth: drawGrowingChild,
}

/**
 * Which of a hospital's scanners a visit meets. `any`: one drawn without regard to time. `upgraded`: the first scanner up to some
 * visit, the second from then on, so that the picture's character tells the order; for the audit of shortcuts only.
 */
export type ScannerOrder = 'any' | 'upgraded'

export interface CohortPlan {
  /** Default: `any`. */
  readonly scanners?: ScannerOrder
  /** Default: `demo`. */
  readonly kind?: CohortKind
  readonly seed: string
  readonly sites: readonly string[]
  /** The same for all, or one number a site in the order of `sites`. */
  readonly childrenPerSite: number | readonly number[]
  readonly testChildren: number
  /** Share of the sites' children whose outcome is written down; the others have scans only. */
  readonly knownOutcomes: number
}

/** A child to be drawn. `hospital` is whose scanners it meets; test children lie in a folder apart. */
export interface ChildPlan {
  readonly kind: CohortKind
  readonly scanners: ScannerOrder
  readonly seed: string
  readonly hospital: string
  readonly index: number
  readonly test: boolean
  readonly outcomeKnown: boolean
}

/** All children of a plan: site by site, then the test children, spread over the sites and the unseen hospital. */
export function planChildren(plan: CohortPlan): ChildPlan[] {
  const children: ChildPlan[] = []
  const { seed, kind = 'demo', scanners = 'any' } = plan
  for (const [position, hospital] of plan.sites.entries()) {
    for (let index = 0; index < childrenOf(plan, position); index++) {
      const known = seededRandom(`${plan.seed}/${hospital}/${index}/known`).uniform() < plan.knownOutcomes
      children.push({ kind, scanners, seed, hospital, index, test: false, outcomeKnown: known })
    }
  }
  for (let index = 0; index < plan.testChildren; index++) {
    const fromSite = plan.sites[(index - Math.floor((index + 1) / 4)) % plan.sites.length]
    const hospital = index % 4 === 3 || fromSite === undefined ? unseenHospital : fromSite
    children.push({ kind, scanners, seed, hospital, index, test: true, outcomeKnown: true })
  }
  return children
}

/** How many children the site at that position has. */
export function childrenOf({ childrenPerSite }: Pick<CohortPlan, 'childrenPerSite'>, position: number): number {
  return typeof childrenPerSite === 'number' ? childrenPerSite : (childrenPerSite[position] ?? 0)
}

/** A child's own stream of chance for one `purpose`. */
export function childRandom(plan: ChildPlan, purpose: string): Random {
  return seededRandom(`${plan.seed}/${plan.hospital}/${plan.test ? 'test-' : ''}${plan.index}/${purpose}`)
}

/**
 * The child's course. Test children come from the same process as all others: children are drawn until one has a
 * sixth visit with a decided answer, and nothing else is asked of it. What came after that visit is then left out,
 * so that neither the number of scans nor their last day can tell.
 */
export function drawCourse(plan: ChildPlan): ChildCourse {
  const random = childRandom(plan, 'course')
  for (;;) {
    const child = drawChildOf[plan.kind](random)
    if (!plan.test) return child
    if (landmarkLabel(child, landmarkVisit) === undefined) continue
    return { ...child, days: child.days.slice(0, landmarkVisit + 1) }
  }
}

/** The one to three scanners of a hospital, or `count` of them, the same for all its children. */
export function hospitalScanners(seed: string, hospital: string, count?: number): Scanner[] {
  const random = seededRandom(`${seed}/${hospital}/scanners`)
  const drawn = 1 + random.integer(3)
  return Array.from({ length: count ?? drawn }, () => drawScanner(random))
}
