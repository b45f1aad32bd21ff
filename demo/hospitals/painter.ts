// One visit's picture: tissue, cavity, scar and lesion as they are on that day, seen by that scanner. FLAIR-like
// brightness: white matter 0.6, grey matter 0.8, fluid 0.22, lesion 1.25 to 1.6.

import type { Random } from '../../shared/random.ts'
import { sampleShares, type TissueMap } from './anatomy.ts'
import { type CellBlock, densityAt } from './cells.ts'
import { biasRow, biasScale, type Exposure } from './scanner.ts'
import { drawSmoothField, fieldAt, fieldRow } from './smooth-field.ts'
import type { SpotMoment } from './spots.ts'
import { type Site, sphereRadiusMm } from './surgery.ts'

/** What a child's head is like on the day of a visit. */
export interface Moment {
  readonly lesionRadiusMm: number
  readonly cavityMm3: number
  readonly rimAmplitude: number
  readonly rimWidthMm: number
  readonly headScale: number
  /** Bright places that are no tumour. */
  readonly spots?: readonly SpotMoment[]
  /** Tumour cells, where the tumour is grown cell by cell; they brighten the tissue they are in. */
  readonly cells?: CellBlock
}

const grayMatter = 0.8
const whiteMatter = 0.6
const fluid = 0.22
const cavityFluid = 0.2
/** Smallest value inside the brain: the background alone is zero. */
const darkest = 0.005

/**
 * Paints a visit on the anatomy's grid, without the skull.
 * @returns brightness [z, y, x] (x fastest), zero outside the brain and positive inside
 */
export function paintScan(
  anatomy: TissueMap,
  site: Site,
  moment: Moment,
  exposure: Exposure,
  random: Random,
): Float32Array {
  const { shape, spacingMm } = anatomy.grid
  const [depth, height, width] = shape
  const [cz, cy, cx] = [(depth - 1) / 2, (height - 1) / 2, (width - 1) / 2]
  const [grayContrast, whiteContrast, fluidContrast, lesionContrast] = exposure.scanner.contrast
  const [gray, white] = [grayMatter * grayContrast, whiteMatter * whiteContrast]
  const [wet, hollow] = [fluid * fluidContrast, cavityFluid * fluidContrast]
  const lesionBrightness = site.lesionIntensity * lesionContrast
  const { gamma, noise } = exposure.scanner
  const bias = biasScale(exposure)
  const waves = drawSmoothField(random, 6, 0.02)
  const waveRow = new Float64Array(width)
  const place = placement(exposure, moment.headScale, spacingMm)
  const cavityRadius = sphereRadiusMm(moment.cavityMm3)
  const lesionRadius = moment.lesionRadiusMm
  const lesionReach = 1.5 * (lesionRadius + 16)
  const faint = Math.min(1, lesionRadius / 2)
  const spots = (moment.spots ?? []).filter(({ radiusMm }) => radiusMm > 0.5)
  const { cells } = moment
  const shares = new Float64Array(3)
  const image = new Float32Array(depth * height * width)

  for (let z = 0; z < depth; z++) {
    const plane = rowSpots(spots, (z - cz) * spacingMm, 2)
    for (let y = 0; y < height; y++) {
      fieldRow(waves, shape, z, y, waveRow)
      const near = rowSpots(plane, (y - cy) * spacingMm, 1)
      const [b0, b1, b2] = biasRow(exposure.bias, (y - cy) / cy, (z - cz) / cz)
      let at = (z * height + y) * width
      for (let x = 0; x < width; x++, at++) {
        // Where this voxel lies in the child's own space, in voxels from the centre.
        const mx = place.xx * (x - cx) + place.xy * (y - cy) + place.xz * (z - cz) + place.x
        const my = place.yx * (x - cx) + place.yy * (y - cy) + place.yz * (z - cz) + place.y
        const mz = place.zx * (x - cx) + place.zy * (y - cy) + place.zz * (z - cz) + place.z
        sampleShares(anatomy, mz + cz, my + cy, mx + cx, shares, 0)
        const g = shares[0] as number
        const w = shares[1] as number
        const f = shares[2] as number
        if (g + w + f <= 0.5) continue
        const tissue = g + w
        const [px, py, pz] = [mx * spacingMm, my * spacingMm, mz * spacingMm]

        const distance = ellipsoidDistance(px, py, pz, site.cavityMm, site.cavityAxes)
        const cavity = sigmoid((cavityRadius - distance) / 1.8)
        let value = (gray * g + white * w + wet * f) * (1 - cavity) + hollow * cavity
        const fromRim = Math.abs(distance - cavityRadius - moment.rimWidthMm / 2) / moment.rimWidthMm
        if (fromRim < 8) value += moment.rimAmplitude * Math.exp(-fromRim) * (1 - cavity) * tissue

        const lesionDistance = ellipsoidDistance(px, py, pz, site.lesionMm, site.lesionAxes)
        if (lesionDistance < lesionReach) {
          const edge = fieldAt(site.lesionEdge, shape, mz + cz, my + cy, mx + cx)
          const lesion = sigmoid((lesionRadius - lesionDistance - edge) / 2) * (1 - cavity) * tissue * faint
          value += (lesionBrightness - value) * lesion
        }

        if (cells !== undefined) {
          const c = densityAt(cells, px, py, pz)
          value +=
            cells.brightening * Math.min(1, Math.max(0, (c - 0.08) / 0.3)) * (1 - cavity) * tissue * lesionContrast
        }

        for (const spot of near) {
          const spotDistance = ellipsoidDistance(px, py, pz, spot.centreMm, spot.axes)
          const share =
            sigmoid((spot.radiusMm - spotDistance) / 1.5) * (1 - cavity) * tissue * Math.min(1, spot.radiusMm / 2)
          value += (spot.brightness * lesionContrast - value) * share
        }

        const u = (x - cx) / cx
        value = Math.max(value, 0.01) ** gamma * Math.exp(bias * (b0 + b1 * u + b2 * u * u))
        image[at] = Math.max(darkest, value + noise * random.normal() + (waveRow[x] as number))
      }
    }
  }
  return image
}

/** Spots that a row at `mm` along an axis (1 y, 2 z) may touch; the reach allows for ragged shapes, pose and growth. */
function rowSpots(spots: readonly SpotMoment[], mm: number, axis: 1 | 2): readonly SpotMoment[] {
  return spots.filter(({ centreMm, radiusMm }) => Math.abs(centreMm[axis] - mm) < 1.5 * radiusMm + 14)
}

/** From a voxel of the scan to the child's space, both counted from the centre: (R p + shift) / growth, small angles. */
function placement(exposure: Exposure, headScale: number, spacingMm: number) {
  const [rx, ry, rz] = exposure.rotation
  const [sx, sy, sz] = exposure.shiftMm
  const k = 1 / headScale
  const s = k / spacingMm
  const [xy, xz, x] = [-rz * k, ry * k, sx * s]
  const [yx, yz, y] = [rz * k, -rx * k, sy * s]
  const [zx, zy, z] = [-ry * k, rx * k, sz * s]
  return { xx: k, xy, xz, x, yx, yy: k, yz, y, zx, zy, zz: k, z }
}

function ellipsoidDistance(
  x: number,
  y: number,
  z: number,
  centre: readonly [number, number, number],
  axes: readonly [number, number, number],
): number {
  const dx = (x - centre[0]) / axes[0]
  const dy = (y - centre[1]) / axes[1]
  const dz = (z - centre[2]) / axes[2]
  return Math.sqrt(dx * dx + dy * dy + dz * dz)
}

function sigmoid(x: number): number {
  if (x > 30) return 1
  if (x < -30) return 0
  return 1 / (1 + Math.exp(-x))
}
