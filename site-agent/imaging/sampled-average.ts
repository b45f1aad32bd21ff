// The mean over each voxel of the grid where the scan lies oblique to it: trilinear samples, spread so densely that
// every voxel of the scan counts nearly alike.

import type { Resampled } from './resample.ts'
import type { Affine, Volume } from './volume.ts'

/** A sample's weights reach one voxel to either side, so at this distance their sum stays within 10 % of even. */
const voxelsBetweenSamples = 1.25
/** Keeps the work in bounds: 512 samples in a voxel of the grid. */
const mostSamplesAlongAxis = 8

/**
 * Averages samples spread evenly over each voxel of the grid.
 * @param gridShape [depth, height, width]
 * @param toScan from indices (x, y, z) of the grid to those of the scan
 */
export function averageSampled(
  { shape, voxels: source }: Volume,
  gridShape: readonly [number, number, number],
  toScan: Affine,
): Resampled {
  const [sourceDepth, sourceHeight, sourceWidth] = shape
  const [depth, height, width] = gridShape
  const [rowX, rowY, rowZ] = toScan
  const [countX, countY, countZ] = [samplesAlong(toScan, 0), samplesAlong(toScan, 1), samplesAlong(toScan, 2)]
  const plane = sourceWidth * sourceHeight
  const voxels = new Float32Array(depth * height * width)
  const coverage = new Float32Array(voxels.length)
  const weight = 1 / (countX * countY * countZ)
  let at = 0
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        let sum = 0
        let covered = 0
        for (let sampleZ = 0; sampleZ < countZ; sampleZ++) {
          const gridZ = z + (sampleZ + 0.5) / countZ - 0.5
          for (let sampleY = 0; sampleY < countY; sampleY++) {
            const gridY = y + (sampleY + 0.5) / countY - 0.5
            const baseX = rowX[1] * gridY + rowX[2] * gridZ + rowX[3]
            const baseY = rowY[1] * gridY + rowY[2] * gridZ + rowY[3]
            const baseZ = rowZ[1] * gridY + rowZ[2] * gridZ + rowZ[3]
            for (let sampleX = 0; sampleX < countX; sampleX++) {
              const gridX = x + (sampleX + 0.5) / countX - 0.5
              let px = baseX + rowX[0] * gridX
              let py = baseY + rowY[0] * gridX
              let pz = baseZ + rowZ[0] * gridX
              if (px < -0.5 || px > sourceWidth - 0.5) continue
              if (py < -0.5 || py > sourceHeight - 0.5) continue
              if (pz < -0.5 || pz > sourceDepth - 0.5) continue
              px = px < 0 ? 0 : px > sourceWidth - 1 ? sourceWidth - 1 : px
              py = py < 0 ? 0 : py > sourceHeight - 1 ? sourceHeight - 1 : py
              pz = pz < 0 ? 0 : pz > sourceDepth - 1 ? sourceDepth - 1 : pz
              const ix = px | 0
              const iy = py | 0
              const iz = pz | 0
              const corner = iz * plane + iy * sourceWidth + ix
              const nextX = ix + 1 < sourceWidth ? 1 : 0
              const nextY = iy + 1 < sourceHeight ? sourceWidth : 0
              const nextZ = iz + 1 < sourceDepth ? plane : 0
              // The eight voxels around the place: low or high along z, then y, then x.
              const lll = source[corner] as number
              const llh = source[corner + nextX] as number
              const lhl = source[corner + nextY] as number
              const lhh = source[corner + nextY + nextX] as number
              const hll = source[corner + nextZ] as number
              const hlh = source[corner + nextZ + nextX] as number
              const hhl = source[corner + nextZ + nextY] as number
              const hhh = source[corner + nextZ + nextY + nextX] as number
              const fx = px - ix
              const fy = py - iy
              const fz = pz - iz
              const highX = fx
              const lowX = 1 - fx
              const low = (lll * lowX + llh * highX) * (1 - fy) + (lhl * lowX + lhh * highX) * fy
              const high = (hll * lowX + hlh * highX) * (1 - fy) + (hhl * lowX + hhh * highX) * fy
              sum += low + (high - low) * fz
              if (lll !== 0) covered += lowX * (1 - fy) * (1 - fz)
              if (llh !== 0) covered += highX * (1 - fy) * (1 - fz)
              if (lhl !== 0) covered += lowX * fy * (1 - fz)
              if (lhh !== 0) covered += highX * fy * (1 - fz)
              if (hll !== 0) covered += lowX * (1 - fy) * fz
              if (hlh !== 0) covered += highX * (1 - fy) * fz
              if (hhl !== 0) covered += lowX * fy * fz
              if (hhh !== 0) covered += highX * fy * fz
            }
          }
        }
        voxels[at] = covered > 0 ? sum / covered : 0
        coverage[at] = covered * weight
      }
    }
  }
  return { voxels, coverage }
}

/** Enough samples for the voxels of the scan that one step of the grid along `axis` crosses, at least one. */
function samplesAlong(toScan: Affine, axis: 0 | 1 | 2): number {
  const crossed = Math.hypot(toScan[0][axis], toScan[1][axis], toScan[2][axis])
  return Math.max(1, Math.min(mostSamplesAlongAxis, Math.round(crossed / voxelsBetweenSamples)))
}
