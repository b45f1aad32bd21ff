// The cells of a child's tumour at each visit: tumour-growth.ts on the child's own tissue about the place of the remnant. When
// the first cells lay there is chosen so that the tumour is seen to measure eventMm3 on the day of the event; how fast and where
// it spreads is the equation's.

import { sampleShares, type TissueMap } from './anatomy.ts'
import type { ChildCourse } from './child.ts'
import { eventMm3 } from './lesion.ts'
import { type Point, type Site, sphereRadiusMm } from './surgery.ts'
import { daysUntilVisible, diffusionIn, type GrowthDomain, type GrowthRates, startGrowth } from './tumour-growth.ts'

/** Cell densities on a cube of voxels about `centreMm` (mm from the grid's centre), [z, y, x]. */
export interface CellBlock {
  readonly centreMm: Point
  readonly size: number
  readonly spacingMm: number
  readonly density: Float32Array
  /** What full density adds to the brightness, where grey matter is 0.8. */
  readonly brightening: number
}

/** 56 mm: a tumour of 4.2 cm³ with its invisible surroundings lies well inside. */
const size = 28
const spacingMm = 2
/** Longer than the slowest tumour needs in grey matter alone. */
const mostDays = 8000

/** Cells at each visit; none where the child's tumour does not spread. */
export function growCells(anatomy: TissueMap, site: Site, child: ChildCourse, brightening: number): CellBlock[] {
  const { spread } = child.lesion
  if (spread === undefined || child.trueEventDay === undefined) return []
  const cavityRadiusMm = sphereRadiusMm(child.healing.cavityMm3[0] ?? 0)
  const block = domainAt(anatomy, site, cavityRadiusMm, spread.diffusion)
  const { domain, grownDays } = firstThatGrows(block, spread)
  const growth = startGrowth(domain, spread)
  const firstDay = child.trueEventDay - grownDays
  return child.days.map((day) => {
    growth.advance(Math.max(0, day - firstDay - growth.day()))
    const density = day > firstDay ? growth.density.slice() : new Float32Array(size ** 3)
    return { centreMm: site.lesionMm, size, spacingMm, density, brightening }
  })
}

/** How far from the remnant's place the first cells may lie, mm: further where they are caught between cavity and fluid. */
const seedDistancesMm = [0, 4, 8, 12] as const

function firstThatGrows(block: GrowthDomain, spread: GrowthRates): { domain: GrowthDomain; grownDays: number } {
  for (const leastSeedMm of seedDistancesMm) {
    const domain = { ...block, leastSeedMm }
    const grownDays = daysUntilVisible(domain, spread, eventMm3, mostDays)
    if (grownDays !== undefined) return { domain, grownDays }
  }
  throw new Error('a tumour found no tissue to grow in')
}

/** Density at a point in mm from the grid's centre, trilinear; 0 outside of the block. */
export function densityAt(
  { centreMm, size: n, spacingMm: mm, density }: CellBlock,
  x: number,
  y: number,
  z: number,
): number {
  const middle = Math.floor(n / 2) - 0.5
  const [px, py, pz] = [
    (x - centreMm[0]) / mm + middle,
    (y - centreMm[1]) / mm + middle,
    (z - centreMm[2]) / mm + middle,
  ]
  const [x0, y0, z0] = [Math.floor(px), Math.floor(py), Math.floor(pz)]
  if (x0 < 0 || y0 < 0 || z0 < 0 || x0 >= n - 1 || y0 >= n - 1 || z0 >= n - 1) return 0
  const [fx, fy, fz] = [px - x0, py - y0, pz - z0]
  const at = (z0 * n + y0) * n + x0
  const row = (i: number): number => (density[i] as number) * (1 - fx) + (density[i + 1] as number) * fx
  const plane = (i: number): number => row(i) * (1 - fy) + row(i + n) * fy
  return plane(at) * (1 - fz) + plane(at + n * n) * fz
}

/** The child's tissue about the remnant, without the cavity. */
function domainAt(anatomy: TissueMap, site: Site, cavityRadiusMm: number, diffusion: number): GrowthDomain {
  const { shape, spacingMm: gridMm } = anatomy.grid
  const [cz, cy, cx] = [(shape[0] - 1) / 2, (shape[1] - 1) / 2, (shape[2] - 1) / 2]
  const middle = Math.floor(size / 2) - 0.5
  const values = new Float32Array(size ** 3)
  const shares = new Float64Array(3)
  for (let i = 0; i < values.length; i++) {
    const x = site.lesionMm[0] + ((i % size) - middle) * spacingMm
    const y = site.lesionMm[1] + ((Math.floor(i / size) % size) - middle) * spacingMm
    const z = site.lesionMm[2] + (Math.floor(i / size ** 2) - middle) * spacingMm
    const [ax, ay, az] = site.cavityAxes
    const [dx, dy, dz] = [x - site.cavityMm[0], y - site.cavityMm[1], z - site.cavityMm[2]]
    if (Math.hypot(dx / ax, dy / ay, dz / az) < cavityRadiusMm) continue
    sampleShares(anatomy, z / gridMm + cz, y / gridMm + cy, x / gridMm + cx, shares, 0)
    values[i] = diffusionIn(shares[1] ?? 0, shares[0] ?? 0, diffusion)
  }
  return { size, spacingMm, diffusion: values }
}
