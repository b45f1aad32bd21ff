// A child's brain: the tissue maps of the MNI template bent, scaled and perhaps mirrored into somebody of their own,
// once a child, so that all visits show the same person.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Random } from '../../shared/random.ts'
import { between } from './draws.ts'
import { drawSmoothField, fieldRow } from './smooth-field.ts'

/** Grid of a map: voxels [z, y, x] in RAS order, `spacingMm` apart, the first one's centre at `originMm` (x, y, z). */
export interface Grid {
  readonly shape: readonly [number, number, number]
  readonly spacingMm: number
  readonly originMm: readonly [number, number, number]
}

/** Shares of grey matter, white matter and fluid in each voxel, interleaved: [z, y, x, 3]. */
export interface TissueMap {
  readonly grid: Grid
  readonly shares: Float32Array
}

const templateFolder = join(import.meta.dirname, '..', '..', 'site-agent', 'imaging', 'templates')

/**
 * The template's tissue: grey and white matter as published, fluid being what is left of the brain.
 * @throws SequelaError `file_unreadable` when a map is missing.
 */
export function loadTemplate(folder: string = templateFolder): TissueMap {
  const [gray, white, brain] = ['gm', 'wm', 'brain'].map((name) => readMap(join(folder, `mni152-${name}-3mm.nii.gz`)))
  if (gray === undefined || white === undefined || brain === undefined) throw new RangeError('three maps are read')
  const count = gray.voxels.length
  const shares = new Float32Array(3 * count)
  for (let i = 0; i < count; i++) {
    const g = (gray.voxels[i] ?? 0) / 255
    const w = (white.voxels[i] ?? 0) / 255
    shares[3 * i] = g
    shares[3 * i + 1] = w
    shares[3 * i + 2] = Math.max(0, (brain.voxels[i] ?? 0) / 255 - g - w)
  }
  return { grid: gray.grid, shares }
}

/** The same tissue on a grid of `spacingMm` over the same box, by trilinear interpolation. */
export function refined(map: TissueMap, spacingMm: number): TissueMap {
  const { grid } = map
  const factor = grid.spacingMm / spacingMm
  const [depth, height, width] = grid.shape
  const shape = [depth, height, width].map((count) => Math.floor((count - 1) * factor) + 1) as [number, number, number]
  const shares = new Float32Array(3 * shape[0] * shape[1] * shape[2])
  let at = 0
  for (let z = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++, at += 3) sampleShares(map, z / factor, y / factor, x / factor, shares, at)
    }
  }
  return { grid: { ...grid, shape, spacingMm }, shares }
}

/**
 * Draws a child's anatomy: a smooth warp (6³ nodes, standard deviation 5 mm), each axis scaled by up to 6 %, left and
 * right exchanged in half of the children.
 */
export function drawAnatomy(random: Random, template: TissueMap): TissueMap {
  const { shape, spacingMm } = template.grid
  const [depth, height, width] = shape
  const warps = [0, 1, 2].map(() => drawSmoothField(random, 6, 5 / spacingMm))
  const scales = [between(random, 0.94, 1.06), between(random, 0.94, 1.06), between(random, 0.94, 1.06)] as const
  const mirrored = random.uniform() < 0.5
  const rows = warps.map(() => new Float64Array(width))
  const [rowX, rowY, rowZ] = rows as [Float64Array, Float64Array, Float64Array]
  const shares = new Float32Array(template.shares.length)
  const [cz, cy, cx] = [(depth - 1) / 2, (height - 1) / 2, (width - 1) / 2]
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      warps.forEach((warp, axis) => {
        fieldRow(warp, shape, z, y, rows[axis] as Float64Array)
      })
      let at = 3 * (z * height + y) * width
      for (let x = 0; x < width; x++, at += 3) {
        const sourceX = (x - cx) / scales[0] + (rowX[x] as number) + cx
        const sourceY = (y - cy) / scales[1] + (rowY[x] as number) + cy
        const sourceZ = (z - cz) / scales[2] + (rowZ[x] as number) + cz
        sampleShares(template, sourceZ, sourceY, mirrored ? width - 1 - sourceX : sourceX, shares, at)
      }
    }
  }
  return { grid: template.grid, shares }
}

/**
 * Writes the three shares at a fractional voxel position to `out[at…at + 2]` by trilinear interpolation; zero beyond
 * the grid's outermost voxels.
 */
export function sampleShares(
  map: TissueMap,
  z: number,
  y: number,
  x: number,
  out: Float32Array | Float64Array,
  at: number,
): void {
  const [depth, height, width] = map.grid.shape
  const [z0, y0, x0] = [Math.floor(z), Math.floor(y), Math.floor(x)]
  if (z0 < 0 || y0 < 0 || x0 < 0 || z0 >= depth - 1 || y0 >= height - 1 || x0 >= width - 1) {
    out[at] = out[at + 1] = out[at + 2] = 0
    return
  }
  const [fz, fy, fx] = [z - z0, y - y0, x - x0]
  const source = map.shares
  const a = 3 * ((z0 * height + y0) * width + x0)
  const b = a + 3 * width
  const c = a + 3 * width * height
  const d = c + 3 * width
  const wa = (1 - fz) * (1 - fy)
  const wb = (1 - fz) * fy
  const wc = fz * (1 - fy)
  const wd = fz * fy
  for (let k = 0; k < 3; k++) {
    const near =
      wa * (source[a + k] as number) +
      wb * (source[b + k] as number) +
      wc * (source[c + k] as number) +
      wd * (source[d + k] as number)
    const far =
      wa * (source[a + k + 3] as number) +
      wb * (source[b + k + 3] as number) +
      wc * (source[c + k + 3] as number) +
      wd * (source[d + k + 3] as number)
    out[at + k] = near + (far - near) * fx
  }
}

/** One of the template's own files: uint8, little-endian, RAS, known to be sound because it ships with the project. */
function readMap(path: string): { grid: Grid; voxels: Uint8Array } {
  let bytes: Buffer
  try {
    bytes = gunzipSync(readFileSync(path))
  } catch (cause) {
    throw new SequelaError('file_unreadable', `The template map ${path} cannot be read; install the project again.`, {
      cause,
    })
  }
  const shape = [bytes.readInt16LE(46), bytes.readInt16LE(44), bytes.readInt16LE(42)] as const
  const originMm = [bytes.readFloatLE(292), bytes.readFloatLE(308), bytes.readFloatLE(324)] as const
  const voxels = bytes.subarray(bytes.readFloatLE(108))
  return { grid: { shape, spacingMm: bytes.readFloatLE(280), originMm }, voxels }
}
