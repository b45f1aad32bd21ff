// Makes the template maps beside this file from the 1 mm MNI ICBM152 2009a release: smoothed, sampled every 3 mm around
// the brain, written as plain little-endian NIfTI. Run by hand when the maps change: node make-templates.ts FOLDER.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { decodeScan } from '../scan-file.ts'
import { spacingOf } from '../volume.ts'

const spacingMm = 3
/** Standard deviation of the Gaussian before sampling, so that a 3 mm grid does not alias folds of 1 mm. */
const smoothingMm = 1.6
/** Voxels [z, y, x]; 168 x 204 x 168 mm hold the whole brain with a margin. */
const shape = [56, 68, 56] as const

/** A map at 1 mm, voxels [z, y, x] in RAS order, the first one's centre at `originMm` (x, y, z). */
interface SourceMap {
  readonly shape: readonly [number, number, number]
  readonly originMm: readonly [number, number, number]
  readonly voxels: Float32Array
}

const folder = process.argv[2]
if (folder === undefined) {
  process.stderr.write('usage: node make-templates.ts FOLDER-WITH-THE-1-MM-MAPS\n')
  process.exit(2)
}
const t1 = readSource(folder, 't1')
const brain = { ...t1, voxels: t1.voxels.map((value) => (value > 0 ? 255 : 0)) }
const center = boxCenter(brain)
for (const [name, map] of [
  ['gm', readSource(folder, 'gm')],
  ['wm', readSource(folder, 'wm')],
  ['brain', brain],
] as const) {
  const smooth = [0, 1, 2].reduce((voxels, axis) => smoothAlong(voxels, map.shape, axis), map.voxels)
  writeMap(name, { ...map, voxels: smooth })
}

/** The published files are in RAS order at 1 mm, without rotation. */
function readSource(from: string, name: string): SourceMap {
  const file = join(from, `mni_icbm152_${name}_tal_nlin_sym_09a_converted.nii.gz`)
  const { shape, voxels, affine } = decodeScan(readFileSync(file))
  if (spacingOf(affine).some((mm) => mm !== 1)) throw new Error(`${name}: not the 1 mm map`)
  return { shape, voxels, originMm: [affine[0][3], affine[1][3], affine[2][3]] }
}

/** Middle of the bounding box of all voxels that are not zero, whole mm, x, y, z. */
function boxCenter({ shape: [depth, height, width], originMm, voxels }: SourceMap): [number, number, number] {
  const low = [Infinity, Infinity, Infinity]
  const high = [-Infinity, -Infinity, -Infinity]
  for (let at = 0; at < depth * height * width; at++) {
    if (voxels[at] === 0) continue
    const place = [at % width, Math.floor(at / width) % height, Math.floor(at / (width * height))]
    place.forEach((value, axis) => {
      low[axis] = Math.min(low[axis] ?? value, value)
      high[axis] = Math.max(high[axis] ?? value, value)
    })
  }
  const middle = (axis: number) => Math.round(((low[axis] ?? 0) + (high[axis] ?? 0)) / 2 + (originMm[axis] ?? 0))
  return [middle(0), middle(1), middle(2)]
}

/** One pass of a separable Gaussian along an axis of [z, y, x]; beyond the edge is zero. */
function smoothAlong(voxels: Float32Array, size: readonly number[], axis: number): Float32Array {
  const radius = Math.ceil(3 * smoothingMm)
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / smoothingMm) ** 2))
  const sum = kernel.reduce((a, b) => a + b, 0)
  const stride = size.slice(axis + 1).reduce((a, b) => a * b, 1)
  const length = size[axis] ?? 0
  const result = new Float32Array(voxels.length)
  for (let at = 0; at < voxels.length; at++) {
    const index = Math.floor(at / stride) % length
    let total = 0
    for (let k = -radius; k <= radius; k++) {
      if (index + k < 0 || index + k >= length) continue
      total += (kernel[k + radius] ?? 0) * (voxels[at + k * stride] ?? 0)
    }
    result[at] = total / sum
  }
  return result
}

/** Samples the map at every third mm around the brain and writes it beside this file. */
function writeMap(name: string, map: SourceMap): void {
  const [depth, height, width] = shape
  const origin = [width, height, depth].map((count, axis) => (center[axis] ?? 0) - Math.floor((count * spacingMm) / 2))
  const [x0 = 0, y0 = 0, z0 = 0] = origin.map((mm, axis) => mm - (map.originMm[axis] ?? 0))
  const bytes = new Uint8Array(352 + depth * height * width)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 348, true)
  ;[3, width, height, depth, 1, 1, 1, 1].forEach((value, i) => {
    view.setInt16(40 + 2 * i, value, true)
  })
  view.setInt16(70, 2, true)
  view.setInt16(72, 8, true)
  ;[1, spacingMm, spacingMm, spacingMm].forEach((value, i) => {
    view.setFloat32(76 + 4 * i, value, true)
  })
  view.setFloat32(108, 352, true)
  view.setFloat32(112, 1, true)
  bytes[123] = 2
  new TextEncoder().encodeInto(`MNI ICBM152 2009a ${name}, 3 mm`, bytes.subarray(148, 228))
  view.setInt16(254, 4, true)
  origin.forEach((mm, axis) => {
    view.setFloat32(280 + 20 * axis, spacingMm, true)
    view.setFloat32(292 + 16 * axis, mm, true)
  })
  new TextEncoder().encodeInto('n+1', bytes.subarray(344))
  let at = 352
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        bytes[at] = Math.round(sourceValue(map, z0 + z * spacingMm, y0 + y * spacingMm, x0 + x * spacingMm))
      }
    }
  }
  writeFileSync(join(import.meta.dirname, `mni152-${name}-3mm.nii.gz`), gzipSync(bytes, { level: 9 }))
}

function sourceValue({ shape: [depth, height, width], voxels }: SourceMap, z: number, y: number, x: number): number {
  if (x < 0 || y < 0 || z < 0 || x >= width || y >= height || z >= depth) return 0
  return voxels[(z * height + y) * width + x] ?? 0
}
