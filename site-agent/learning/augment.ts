// Augmentation: what may differ between two pictures of the same course. Geometry is drawn once for a child, so that growth
// stays visible; intensity is drawn anew for each scan, so that a scanner's drift cannot tell the order.

import type { Grid } from '../../shared/model/presets.ts'
import { type Random, seededRandom } from '../../shared/random.ts'

/** Moves whole voxels, wrapping round (the border is background), and mirrors left and right. */
export interface Geometry {
  readonly shift: readonly [number, number, number]
  readonly mirrored: boolean
}

/** z ← (scale + bend·min(|z|, 3))·z + offset + noise, inside the brain. */
export interface Intensity {
  readonly scale: number
  readonly offset: number
  readonly bend: number
  /** Where in the table of noise this scan begins. */
  readonly noiseStart: number
}

const noiseStddev = 0.05
const noiseLength = 1 << 16

/** Standard normal numbers drawn once; drawing anew for each voxel would cost more than the network. */
const noise = drawNoise()

/** Shifts reach about 4 % of the depth each way: one voxel of `tiny`, two of `compact`. */
export function drawGeometry(random: Random, [depth]: Grid): Geometry {
  const most = Math.max(1, Math.round(depth / 24))
  const step = (): number => random.integer(2 * most + 1) - most
  return { shift: [step(), step(), step()], mirrored: random.uniform() < 0.5 }
}

export function drawIntensity(random: Random): Intensity {
  const between = (low: number, high: number): number => low + (high - low) * random.uniform()
  return {
    scale: between(0.8, 1.2),
    offset: between(-0.2, 0.2),
    bend: between(-0.08, 0.08),
    noiseStart: random.integer(noiseLength),
  }
}

/**
 * Writes an augmented volume into `target`.
 * @param source normalised voxels in order [depth, height, width]; background is exactly 0 and stays so
 */
export function augmentInto(
  target: Float32Array,
  source: Float32Array,
  [depth, height, width]: Grid,
  geometry: Geometry,
  intensity: Intensity,
): void {
  const { scale, offset, bend, noiseStart } = intensity
  const [shiftZ, shiftY, shiftX] = geometry.shift
  const columns = Int32Array.from({ length: width }, (_, x) => {
    const moved = modulo(x - shiftX, width)
    return geometry.mirrored ? width - 1 - moved : moved
  })
  let i = 0
  for (let z = 0; z < depth; z++) {
    const plane = modulo(z - shiftZ, depth) * height
    for (let y = 0; y < height; y++) {
      const row = (plane + modulo(y - shiftY, height)) * width
      for (let x = 0; x < width; x++, i++) {
        const value = source[row + (columns[x] as number)] as number
        if (value === 0) {
          target[i] = 0
          continue
        }
        // Not by comparing: signs are as good as random, and a branch on them would be guessed wrong half of the time.
        const bent = (scale + bend * Math.min(Math.abs(value), 3)) * value
        target[i] = bent + offset + noiseStddev * (noise[(noiseStart + i) & (noiseLength - 1)] as number)
      }
    }
  }
}

function modulo(value: number, length: number): number {
  return ((value % length) + length) % length
}

function drawNoise(): Float32Array {
  const random = seededRandom('augmentation noise')
  return Float32Array.from({ length: noiseLength }, () => random.normal())
}
