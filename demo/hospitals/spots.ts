// Bright places that are no tumour, as bright as one: a few vessels and old scars that keep their size, and many small foci
// that come in some children and go in others, as in neurofibromatosis, whatever becomes of the tumour. Together they change
// as many bright voxels as a tumour does; only shape and place tell the two apart.

import type { Random } from '../../shared/random.ts'
import type { TissueMap } from './anatomy.ts'
import { between, choose, drawAxes } from './draws.ts'
import { drawTissuePoint, type Point, type Site, sphereRadiusMm } from './surgery.ts'

/** A spot in mm from the grid's centre, with its radius at each visit. */
export interface Spot {
  readonly centreMm: Point
  readonly axes: Point
  /** Brightness where grey matter is 0.8. */
  readonly brightness: number
  readonly radiiMm: readonly number[]
}

/** The same spot on one day. */
export interface SpotMoment extends Omit<Spot, 'radiiMm'> {
  readonly radiusMm: number
}

/** Least distance from the cavity's wall. */
const apartMm = 15
const fociTrends = ['coming', 'coming', 'going', 'going', 'steady'] as const

/**
 * Draws a child's spots.
 * @param days of the visits, since surgery
 * @param cavityMm3 at the first visit
 */
export function drawSpots(
  random: Random,
  anatomy: TissueMap,
  site: Site,
  cavityMm3: number,
  days: readonly number[],
  withFoci: boolean,
): Spot[] {
  const leastMm = sphereRadiusMm(cavityMm3) + apartMm
  const scars = Array.from({ length: 1 + random.integer(3) }, (): Spot => {
    const radiusMm = between(random, 4, 10)
    return {
      centreMm: drawPlace(random, anatomy, site, leastMm),
      axes: drawAxes(random, 0.2),
      brightness: site.lesionIntensity * between(random, 0.92, 1.08),
      radiiMm: days.map(() => Math.max(0, radiusMm + 0.5 * random.normal())),
    }
  })
  return withFoci ? [...scars, ...drawFoci(random, anatomy, site, leastMm, days)] : scars
}

function drawFoci(random: Random, anatomy: TissueMap, site: Site, leastMm: number, days: readonly number[]): Spot[] {
  const trend = choose(random, fociTrends)
  return Array.from({ length: 10 + random.integer(45) }, () => {
    const radiusMm = between(random, 3, 5.5)
    const turnDay = between(random, 0, 1500)
    const presence = (day: number): number => {
      if (trend === 'steady') return 1
      const come = 1 / (1 + Math.exp(-(day - turnDay) / 60))
      return trend === 'coming' ? come : 1 - come
    }
    return {
      centreMm: drawPlace(random, anatomy, site, leastMm),
      axes: drawAxes(random, 0.15),
      brightness: site.lesionIntensity * between(random, 1, 1.3),
      radiiMm: days.map((day) => radiusMm * Math.cbrt(presence(day))),
    }
  })
}

function drawPlace(random: Random, anatomy: TissueMap, site: Site, leastMm: number): Point {
  for (;;) {
    const point = drawTissuePoint(random, anatomy)
    const [x, y, z] = site.cavityMm
    if (Math.hypot(point[0] - x, point[1] - y, point[2] - z) >= leastMm) return point
  }
}
