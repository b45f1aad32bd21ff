// A child's head, drawn once, and its pictures, one a visit. Each visit has seeds of its own, so it looks the same
// whichever visits are painted and in whatever order.

import { drawAnatomy, refined, type TissueMap } from './anatomy.ts'
import { growCells } from './cells.ts'
import type { ChildCourse } from './child.ts'
import { type ChildPlan, type CohortKind, childRandom, hospitalScanners } from './cohort.ts'
import { between } from './draws.ts'
import { type Moment, paintScan } from './painter.ts'
import { drawExposure, type Exposure } from './scanner.ts'
import { drawSpots } from './spots.ts'
import { drawSurgery, type Site } from './surgery.ts'

/** Spacing at which a kind of cohort is painted, mm. */
const growthSpacingMm = 2

/** The template as children of a kind are painted from it; the demo's and the hardened cohort's from the maps as they are. */
export function templateOf(kind: CohortKind, template: TissueMap): TissueMap {
  return kind === 'growth' ? refined(template, growthSpacingMm) : template
}

/** The child's brain, which no other child shares. */
export function childAnatomy(plan: ChildPlan, template: TissueMap): TissueMap {
  return drawAnatomy(childRandom(plan, 'anatomy'), template)
}

/** A function that paints the child's visit of that number (0-based): brightness [z, y, x] on the grid of `template`. */
export function childPainter(
  plan: ChildPlan,
  child: ChildCourse,
  template: TissueMap,
): (visit: number) => Float32Array {
  const anatomy = childAnatomy(plan, template)
  const cavityMm3 = child.healing.cavityMm3[0] ?? 0
  const site = drawSurgery(childRandom(plan, 'surgery'), anatomy, cavityMm3)
  if (plan.kind === 'demo') return (visit) => paintVisit(plan, child, anatomy, site, visit, {})
  const random = childRandom(plan, 'appearance')
  // As bright as scars and foci are, and not far above grey matter in a scar: 0.8 + 0.45.
  const hardened = { ...site, lesionIntensity: between(random, 1.2, 1.45) }
  const brightening = between(random, 0.3, 0.6)
  const spots = drawSpots(random, anatomy, hardened, cavityMm3, child.days, plan.kind === 'hardened')
  const cells = plan.kind === 'growth' ? growCells(anatomy, hardened, child, brightening) : []
  return (visit) => {
    const block = cells[visit]
    return paintVisit(plan, child, anatomy, hardened, visit, {
      spots: spots.map(({ radiiMm, ...spot }) => ({ ...spot, radiusMm: radiiMm[visit] ?? 0 })),
      ...(block !== undefined && { cells: block, lesionRadiusMm: 0 }),
    })
  }
}

function paintVisit(
  plan: ChildPlan,
  child: ChildCourse,
  anatomy: TissueMap,
  site: Site,
  visit: number,
  change: Partial<Moment>,
): Float32Array {
  const noise = childRandom(plan, `noise/${visit}`)
  return paintScan(anatomy, site, { ...momentOf(child, visit), ...change }, visitExposure(plan, visit), noise)
}

/** How a visit was scanned. */
export function visitExposure(plan: ChildPlan, visit: number): Exposure {
  const random = childRandom(plan, `exposure/${visit}`)
  if (plan.scanners === 'any') return drawExposure(random, hospitalScanners(plan.seed, plan.hospital))
  const scanners = hospitalScanners(plan.seed, plan.hospital, 2)
  const upgrade = 1 + childRandom(plan, 'upgrade').integer(4)
  const scannerIndex = visit < upgrade ? 0 : 1
  return { ...drawExposure(random, scanners.slice(scannerIndex, scannerIndex + 1)), scannerIndex }
}

function momentOf(child: ChildCourse, visit: number): Moment {
  return {
    lesionRadiusMm: child.lesion.radiiMm[visit] ?? 0,
    cavityMm3: child.healing.cavityMm3[visit] ?? 0,
    rimAmplitude: child.healing.rimAmplitudes[visit] ?? 0,
    rimWidthMm: child.healing.rimWidthMm,
    headScale: child.healing.headScales[visit] ?? 1,
  }
}
