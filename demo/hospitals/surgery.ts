// What was cut and where the remnant lies: a cavity somewhere in the brain, and a lesion on its rim, where there is
// tissue for it to be seen in.

import type { Random } from '../../shared/random.ts'
import type { TissueMap } from './anatomy.ts'
import { drawAxes } from './draws.ts'
import { drawSmoothField, type SmoothField } from './smooth-field.ts'

export type Point = readonly [x: number, y: number, z: number]

/** Places in mm from the grid's centre, x, y, z; `axes` are factors of an ellipsoid's radii. */
export interface Site {
  readonly cavityMm: Point
  readonly cavityAxes: Point
  readonly lesionMm: Point
  readonly lesionAxes: Point
  /** Added in mm to the distance from the lesion's centre: its ragged edge. */
  readonly lesionEdge: SmoothField
  /** Brightness of lesion tissue where grey matter is 0.8. */
  readonly lesionIntensity: number
}

/** Radius of the sphere of that volume. */
export function sphereRadiusMm(volumeMm3: number): number {
  return Math.cbrt((3 * volumeMm3) / (4 * Math.PI))
}

/** Draws the place of an operation whose cavity has `cavityMm3` at the first visit. */
export function drawSurgery(random: Random, anatomy: TissueMap, cavityMm3: number): Site {
  const cavityMm = drawTissuePoint(random, anatomy)
  const rimMm = sphereRadiusMm(cavityMm3) + 2
  const cavityAxes = drawAxes(random, 0.15)
  let lesionMm = cavityMm
  let most = -Infinity
  for (let i = 0; i < 24; i++) {
    const [x, y, z] = drawDirection(random)
    const candidate: Point = [cavityMm[0] + rimMm * x, cavityMm[1] + rimMm * y, cavityMm[2] + rimMm * z]
    const score = tissueAround(anatomy, candidate) + 0.03 * random.normal()
    if (score > most) {
      most = score
      lesionMm = candidate
    }
  }
  return {
    cavityMm,
    cavityAxes,
    lesionMm,
    lesionAxes: drawAxes(random, 0.15),
    lesionEdge: drawSmoothField(random, 8, 1.5),
    lesionIntensity: 1.25 + 0.35 * random.uniform(),
  }
}

/** A voxel that is mostly tissue, drawn a little towards the middle so that the cavity lies inside. */
export function drawTissuePoint(random: Random, anatomy: TissueMap): Point {
  const { shape, spacingMm } = anatomy.grid
  const [depth, height, width] = shape
  for (;;) {
    const voxel = random.integer(depth * height * width)
    if (tissueShare(anatomy, voxel) <= 0.8) continue
    const x = (voxel % width) - (width - 1) / 2
    const y = (Math.floor(voxel / width) % height) - (height - 1) / 2
    const z = Math.floor(voxel / (width * height)) - (depth - 1) / 2
    return [0.85 * x * spacingMm, 0.85 * y * spacingMm, 0.85 * z * spacingMm]
  }
}

/** Share of grey and white matter about a point, weighted by a Gaussian of 7.5 mm. */
function tissueAround(anatomy: TissueMap, point: Point): number {
  const { shape, spacingMm } = anatomy.grid
  const [depth, height, width] = shape
  const reach = Math.ceil(20 / spacingMm)
  const sigma = 7.5 / spacingMm
  const x0 = Math.round(point[0] / spacingMm + (width - 1) / 2)
  const y0 = Math.round(point[1] / spacingMm + (height - 1) / 2)
  const z0 = Math.round(point[2] / spacingMm + (depth - 1) / 2)
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2))
  let sum = 0
  let weights = 0
  for (let dz = -reach; dz <= reach; dz++) {
    for (let dy = -reach; dy <= reach; dy++) {
      const weightZY = (kernel[dz + reach] as number) * (kernel[dy + reach] as number)
      for (let dx = -reach; dx <= reach; dx++) {
        const weight = weightZY * (kernel[dx + reach] as number)
        weights += weight
        const [z, y, x] = [z0 + dz, y0 + dy, x0 + dx]
        if (z < 0 || y < 0 || x < 0 || z >= depth || y >= height || x >= width) continue
        sum += weight * tissueShare(anatomy, (z * height + y) * width + x)
      }
    }
  }
  return sum / weights
}

function tissueShare(anatomy: TissueMap, voxel: number): number {
  return (anatomy.shares[3 * voxel] ?? 0) + (anatomy.shares[3 * voxel + 1] ?? 0)
}

function drawDirection(random: Random): Point {
  const [x, y, z] = [random.normal(), random.normal(), random.normal()]
  const length = Math.hypot(x, y, z)
  return [x / length, y / length, z / length]
}
