// Two ways in which a scanner spoils a whole picture, measured where volumes lie at the voxel size of registration. A spike, one wrong
// value in the raw data (a loose part, a spark), is a pattern of stripes over everything: one place of the picture's spectrum far from its
// middle stands out. A ghost, raw data that alternate in phase, is the head once more, faintly, half a field of view away.

import { seriesOf, transform } from './fourier.ts'
import { backgroundOf } from './likeness.ts'
import type { Volume } from './volume.ts'

export interface Artefacts {
  /** Of the slices looked at, the most by which one place of the outer spectrum exceeds all around it. */
  readonly spike: number
  /** Brightness of the air where a ghost would lie above that of other air, as a share of the head's; undefined without enough air. */
  readonly ghost: number | undefined
}

/** Slices looked at, spread over the head. */
const slices = 12
/** The outer spectrum begins at this share of the highest frequency; the head itself is nearer to the middle. */
const outerFrom = 0.5
/** Far enough for a spike's own place, wide by where the picture ends, and near enough for edges to be as strong there as here. */
const ringDistance = 4
/** Fewest voxels of air of either kind that a mean is taken of. */
const fewestAirVoxels = 500
/** Voxels around the head that are no air: skin, and what blurs. */
const rim = 4

/** @param volume in RAS order, as `shrink` makes it */
export function artefactsOf(volume: Volume): Artefacts {
  return { spike: spikeOf(volume), ghost: ghostOf(volume) }
}

function spikeOf({ shape: [depth, height, width], voxels }: Volume): number {
  let most = 0
  for (let k = 0; k < slices; k++) {
    const z = Math.floor(((k + 0.5) / slices) * depth)
    const slice = voxels.subarray(z * height * width, (z + 1) * height * width)
    most = Math.max(most, outlierOf(slice, height, width))
  }
  return most
}

/** The most by which a place of a slice's outer spectrum exceeds all that lie `ringDistance` around it. */
function outlierOf(slice: Float32Array, height: number, width: number): number {
  const { magnitudes, across, along } = spectrumOf(slice, height, width)
  const at = (u: number, v: number): number => magnitudes[u]?.[(v + along) % along] ?? 0
  let most = 0
  for (let u = 0; u < across; u++) {
    for (let v = 0; v < along; v++) {
      const frequency = Math.max(u / (across - 1), Math.min(v, along - v) / (along / 2))
      if (frequency < outerFrom) continue
      let around = 0
      for (let step = -ringDistance; step <= ringDistance; step++) {
        const beside = [at(u + step, v - ringDistance), at(u + step, v + ringDistance)]
        around = Math.max(around, ...beside, at(u - ringDistance, v + step), at(u + ringDistance, v + step))
      }
      if (around > 0) most = Math.max(most, at(u, v) / around)
    }
  }
  return most
}

/** Magnitudes [across, along] of a slice's spectrum; the other half of what lies across mirrors this one. */
function spectrumOf(slice: Float32Array, height: number, width: number) {
  const rows = Array.from({ length: height }, (_, y) =>
    transform(seriesOf(slice.subarray(y * width, (y + 1) * width)), 'forward'),
  )
  const across = (rows[0]?.real.length ?? 0) / 2 + 1
  const magnitudes = Array.from({ length: across }, (_, u) => {
    const column = seriesOf(rows.map(({ real }) => real[u] as number))
    column.imaginary.set(rows.map(({ imaginary }) => imaginary[u] as number))
    const { real, imaginary } = transform(column, 'forward')
    return real.map((value, v) => Math.hypot(value, imaginary[v] as number))
  })
  return { magnitudes, across, along: magnitudes[0]?.length ?? 0 }
}

/** Along either axis within a slice, since either may be the one that is encoded by phase; the larger. */
function ghostOf(volume: Volume): number | undefined {
  const found = [1, 2].flatMap((axis) => ghostAlong(volume, axis as 1 | 2) ?? [])
  return found.length === 0 ? undefined : Math.max(...found)
}

function ghostAlong({ shape, voxels }: Volume, axis: 1 | 2): number | undefined {
  const threshold = backgroundOf(voxels)
  // Background that was set to 0 has no ghosts any more.
  if (threshold === 0) return undefined
  const head = Uint8Array.from(voxels, (value) => (value > threshold ? 1 : 0))
  const wide = grown(head, shape)
  const [depth, height, width] = shape
  const half = Math.floor(shape[axis] / 2)
  const sums = { head: [0, 0], ghost: [0, 0], other: [0, 0] }
  const add = (to: number[], value: number): void => {
    to[0] = (to[0] ?? 0) + value
    to[1] = (to[1] ?? 0) + 1
  }
  for (let z = 0, at = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const value = voxels[at] as number
        if (head[at] === 1) add(sums.head, value)
        if (wide[at] === 1) continue
        const from = axis === 1 ? at + (((y + half) % height) - y) * width : at + ((x + half) % width) - x
        add(head[from] === 1 ? sums.ghost : sums.other, value)
      }
    }
  }
  const mean = ([sum = 0, count = 0]: readonly number[]): number | undefined =>
    count < fewestAirVoxels ? undefined : sum / count
  const [signal, ghost, other] = [mean(sums.head), mean(sums.ghost), mean(sums.other)]
  if (signal === undefined || ghost === undefined || other === undefined || signal <= other) return undefined
  return (ghost - other) / (signal - other)
}

/** The mask and all within `rim` voxels along y and x of it. */
function grown(mask: Uint8Array, [, height, width]: Volume['shape']): Uint8Array {
  let grown = mask
  for (const stride of [width, 1]) {
    const length = stride === 1 ? width : height
    const next = new Uint8Array(grown.length)
    for (let at = 0; at < grown.length; at++) {
      if (grown[at] !== 1) continue
      const place = Math.floor(at / stride) % length
      for (let step = -Math.min(rim, place); step <= Math.min(rim, length - 1 - place); step++)
        next[at + step * stride] = 1
    }
    grown = next
  }
  return grown
}
