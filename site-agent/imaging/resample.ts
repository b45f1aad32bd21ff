// The one interpolation of a scan's life: from the voxels as they were stored straight to the study's grid.
// A coarse grid is not sampled but averaged, or fine texture would alias into it.

import type { StudyGrid } from './study-grid.ts'
import { invert, type Volume } from './volume.ts'

export interface Resampled {
  /** Mean value in each voxel of the grid, [depth, height, width]; 0 beyond the scan. */
  readonly voxels: Float32Array
  /** Share of each voxel, 0 to 1, in which the scan is not zero. */
  readonly coverage: Float32Array
}

/** Beyond this many samples along an axis of one voxel nothing changes that a model could see. */
const mostSamplesAlongAxis = 6

/**
 * Averages trilinear samples spread evenly over each voxel of the grid. A sample is taken for about every two and
 * a half voxels of the scan, since its weights reach over two. A place more than half a voxel outside the scan is 0.
 */
export function resample(volume: Volume, grid: StudyGrid): Resampled {
  const [sourceDepth, sourceHeight, sourceWidth] = volume.shape
  const [depth, height, width] = grid.shape
  const source = volume.voxels
  const rows = compose(invert(volume.affine), grid.affine)
  const [rowX, rowY, rowZ] = rows
  const [countX, countY, countZ] = [samplesAlong(rows, 0), samplesAlong(rows, 1), samplesAlong(rows, 2)]
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
              const fx = px - ix
              const fy = py - iy
              const fz = pz - iz
              const corner = iz * plane + iy * sourceWidth + ix
              const nextX = ix + 1 < sourceWidth ? 1 : 0
              const nextY = iy + 1 < sourceHeight ? sourceWidth : 0
              const nextZ = iz + 1 < sourceDepth ? plane : 0
              const nearest = corner + (fx >= 0.5 ? nextX : 0) + (fy >= 0.5 ? nextY : 0) + (fz >= 0.5 ? nextZ : 0)
              if (source[nearest] !== 0) covered++
              const a = source[corner] as number
              const b = source[corner + nextY] as number
              const c = source[corner + nextZ] as number
              const d = source[corner + nextZ + nextY] as number
              const lowA = a + ((source[corner + nextX] as number) - a) * fx
              const lowB = b + ((source[corner + nextY + nextX] as number) - b) * fx
              const highC = c + ((source[corner + nextZ + nextX] as number) - c) * fx
              const highD = d + ((source[corner + nextZ + nextY + nextX] as number) - d) * fx
              const low = lowA + (lowB - lowA) * fy
              sum += low + (highC + (highD - highC) * fy - low) * fz
            }
          }
        }
        voxels[at] = sum * weight
        coverage[at] = covered * weight
      }
    }
  }
  return { voxels, coverage }
}

type Rows = ReturnType<typeof invert>

/** The matrix that does `first`, then `then`. */
function compose(then: Rows, first: Rows): Rows {
  const row = ([a, b, c, d]: Rows[0]): Rows[0] => [
    a * first[0][0] + b * first[1][0] + c * first[2][0],
    a * first[0][1] + b * first[1][1] + c * first[2][1],
    a * first[0][2] + b * first[1][2] + c * first[2][2],
    a * first[0][3] + b * first[1][3] + c * first[2][3] + d,
  ]
  return [row(then[0]), row(then[1]), row(then[2])]
}

/** A sample for every 2.5 voxels of the scan that one step of the grid along `axis` crosses, at least one. */
function samplesAlong(rows: Rows, axis: 0 | 1 | 2): number {
  const crossed = Math.hypot(rows[0][axis], rows[1][axis], rows[2][axis])
  return Math.max(1, Math.min(mostSamplesAlongAxis, Math.round(crossed / 2.5)))
}
