// A child's head, drawn once, and its pictures, one a visit. Each visit has seeds of its own, so it looks the same
// whichever visits are painted and in whatever order.

import { drawAnatomy, type TissueMap } from './anatomy.ts'
import type { ChildCourse } from './child.ts'
import { type ChildPlan, childRandom, hospitalScanners } from './cohort.ts'
import { type Moment, paintScan } from './painter.ts'
import { drawExposure, type Exposure } from './scanner.ts'
import { drawSurgery } from './surgery.ts'

/** A function that paints the child's visit of that number (0-based): brightness [z, y, x]. */
export function childPainter(
  plan: ChildPlan,
  child: ChildCourse,
  template: TissueMap,
): (visit: number) => Float32Array {
  const anatomy = drawAnatomy(childRandom(plan, 'anatomy'), template)
  const site = drawSurgery(childRandom(plan, 'surgery'), anatomy, child.healing.cavityMm3[0] ?? 0)
  return (visit) => {
    const noise = childRandom(plan, `noise/${visit}`)
    return paintScan(anatomy, site, momentOf(child, visit), visitExposure(plan, visit), noise)
  }
}

/** How a visit was scanned. */
export function visitExposure(plan: ChildPlan, visit: number): Exposure {
  return drawExposure(childRandom(plan, `exposure/${visit}`), hospitalScanners(plan.seed, plan.hospital))
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
