// From a painted picture to the bytes of a file as that scanner writes them: axes exchanged and turned, the field of
// view widened, brightness in the scanner's units and number type.

import type { Grid } from './anatomy.ts'
import { evenGzip } from './even-gzip.ts'
import type { Datatype, Storage } from './header-variety.ts'
import { encodeNifti } from './nifti-writer.ts'

type Voxels = Uint8Array | Int16Array | Uint16Array | Float32Array

/** Voxels as they lie in the file, `shape` slowest axis first, and rows of the matrix from (i, j, k) to RAS in mm. */
export interface StoredVolume {
  readonly shape: readonly [number, number, number]
  readonly voxels: Voxels
  readonly affine: readonly (readonly number[])[]
}

/**
 * Encodes a painted scan.
 * @param image brightness [z, y, x] in RAS order, zero in the background
 * @returns the file's bytes, compressed where the scanner does that
 */
export function encodeScan(image: Float32Array, grid: Grid, storage: Storage): Uint8Array {
  const volume = storeVolume(image, grid, storage)
  const bytes = encodeNifti({
    ...volume,
    datatype: storage.datatype,
    slope: storage.slope,
    intercept: storage.intercept,
    formCode: storage.forms,
    description: storage.description,
    littleEndian: storage.littleEndian,
  })
  return storage.gzip ? evenGzip(bytes) : bytes
}

/** Lays the picture out in the scanner's axes and numbers. */
export function storeVolume(image: Float32Array, grid: Grid, storage: Storage): StoredVolume {
  const axes = [...storage.axes].map((letter) => axisOf(letter, grid, storage.margins))
  const [i, j, k] = axes
  if (i === undefined || j === undefined || k === undefined) throw new RangeError('three axes are stored')
  const voxels = emptyVoxels(storage.datatype, i.length * j.length * k.length)
  if (storage.zeroLevel !== 0) voxels.fill(storage.zeroLevel)
  const [highest, whole] = numberRange(storage.datatype)
  const { levels, zeroLevel } = storage
  let at = 0
  for (let atK = 0; atK < k.length; atK++) {
    const indexK = k.first + k.sign * atK
    for (let atJ = 0; atJ < j.length; atJ++) {
      const indexJ = j.first + j.sign * atJ
      const inside = indexK >= 0 && indexK < k.count && indexJ >= 0 && indexJ < j.count
      for (let atI = 0; atI < i.length; atI++, at++) {
        const indexI = i.first + i.sign * atI
        if (!inside || indexI < 0 || indexI >= i.count) continue
        const brightness = image[indexK * k.stride + indexJ * j.stride + indexI * i.stride] as number
        if (brightness === 0) continue
        const value = brightness * levels
        voxels[at] = whole ? Math.min(highest, zeroLevel + Math.max(1, Math.round(value))) : value
      }
    }
  }
  return { shape: [k.length, j.length, i.length], voxels, affine: affineOf(axes, grid) }
}

interface StoredAxis {
  /** The axis of the RAS grid it runs along: 0 x, 1 y, 2 z. */
  readonly source: number
  readonly sign: 1 | -1
  /** Voxels of the grid along it, how far apart they lie in the picture, and voxels stored. */
  readonly count: number
  readonly stride: number
  readonly length: number
  /** Index in the grid of the first stored voxel; outside the grid in a margin. */
  readonly first: number
}

function axisOf(letter: string, grid: Grid, margins: readonly number[]): StoredAxis {
  const source = 'RLAPSI'.indexOf(letter) >> 1
  const sign = 'RAS'.includes(letter) ? 1 : -1
  const [depth, height, width] = grid.shape
  const count = [width, height, depth][source] ?? 0
  const stride = [1, width, width * height][source] ?? 0
  const low = margins[2 * (2 - source)] ?? 0
  const high = margins[2 * (2 - source) + 1] ?? 0
  return { source, sign, count, stride, length: low + count + high, first: sign === 1 ? -low : count - 1 + high }
}

function affineOf(axes: readonly StoredAxis[], grid: Grid): number[][] {
  const rows = [0, 1, 2].map((row) => {
    const axis = axes.find(({ source }) => source === row)
    const offset = (grid.originMm[row] ?? 0) + grid.spacingMm * (axis?.first ?? 0)
    return [...axes.map(({ source, sign }) => (source === row ? sign * grid.spacingMm : 0)), offset]
  })
  return [...rows, [0, 0, 0, 1]]
}

function emptyVoxels(datatype: Datatype, count: number): Voxels {
  switch (datatype) {
    case 'uint8':
      return new Uint8Array(count)
    case 'int16':
      return new Int16Array(count)
    case 'uint16':
      return new Uint16Array(count)
    case 'float32':
      return new Float32Array(count)
  }
}

/** The largest value a voxel can hold, and whether it holds whole numbers only. */
function numberRange(datatype: Datatype): readonly [number, boolean] {
  switch (datatype) {
    case 'uint8':
      return [255, true]
    case 'int16':
      return [32767, true]
    case 'uint16':
      return [65535, true]
    case 'float32':
      return [Infinity, false]
  }
}
