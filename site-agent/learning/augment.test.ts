import { describe, expect, test } from 'vitest'
import { emptyChart } from '../../shared/cohort/chart.ts'
import type { Grid } from '../../shared/model/presets.ts'
import { scanShapeOf } from '../../shared/model/scan-shape.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { seededRandom } from '../../shared/random.ts'
import { augmentInto, drawGeometry, drawIntensity, type Geometry, type Intensity } from './augment.ts'
import { assemble } from './batches.ts'
import { toyChildren } from './testsupport/toy-children.ts'

const grid: Grid = [3, 4, 5]
const source = Float32Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? 0 : (i % 9) - 4))
const unmoved: Geometry = { shift: [0, 0, 0], mirrored: false }
const plain: Intensity = { scale: 1, offset: 0, bend: 0, noiseStart: 0 }

const augmented = (geometry: Geometry, intensity: Intensity = plain): Float32Array => {
  const target = new Float32Array(60).fill(Number.NaN)
  augmentInto(target, source, grid, geometry, intensity)
  return target
}

describe('augmentation', () => {
  test('leaves background exactly 0, whatever is done to the brain', () => {
    const result = augmented(unmoved, { scale: 1.2, offset: 0.5, bend: 0.08, noiseStart: 99 })
    for (const [i, value] of source.entries()) expect(result[i] === 0).toBe(value === 0)
  })

  test('moves whole voxels along each axis, round the border, and mirrors left and right', () => {
    const geometry: Geometry = { shift: [1, -1, 1], mirrored: true }
    const result = augmented(geometry)
    for (let z = 0; z < 3; z++) {
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 5; x++) {
          const from = (((z + 2) % 3) * 4 + ((y + 1) % 4)) * 5 + (4 - ((x + 4) % 5))
          expect(result[(z * 4 + y) * 5 + x] === 0).toBe(source[from] === 0)
          expect(Math.abs((result[(z * 4 + y) * 5 + x] ?? 0) - (source[from] ?? 0))).toBeLessThan(0.3)
        }
      }
    }
  })

  test('stretches intensities, more or less so where they are large, and shifts them', () => {
    const bent = augmented(unmoved, { scale: 1.1, offset: 0.2, bend: 0.05, noiseStart: 5 })
    const noise = augmented(unmoved, { ...plain, noiseStart: 5 })
    for (const [i, value] of source.entries()) {
      if (value === 0) continue
      const expected = (1.1 + 0.05 * Math.min(Math.abs(value), 3)) * value + 0.2 + ((noise[i] ?? 0) - value)
      expect(bent[i]).toBeCloseTo(expected, 5)
    }
  })

  test('draws the same from the same seed', () => {
    const draw = (seed: string): unknown => {
      const random = seededRandom(seed)
      return [drawGeometry(random, [24, 32, 24]), drawIntensity(random)]
    }
    expect(draw('a')).toEqual(draw('a'))
    expect(draw('a')).not.toEqual(draw('b'))
  })

  test('shifts by as many millimetres on a finer grid', () => {
    const reach = (grid: Grid): number => {
      const random = seededRandom('reach')
      return Math.max(...Array.from({ length: 200 }, () => drawGeometry(random, grid).shift.map(Math.abs)).flat())
    }
    expect([reach([24, 32, 24]), reach([48, 64, 48])]).toEqual([1, 2])
  })
})

const tinyScans = scanShapeOf(binaryModel)

describe('a batch', () => {
  const { children, volumes } = toyChildren([3, 2])
  const shown = children.map((child) => ({ child, from: 0 }))
  const size = 24 * 32 * 24

  test('has all scans of a child moved alike and each with an intensity of its own', () => {
    // A flat box: where its edges come to lie shows the geometry, its values the intensity.
    const box = Float32Array.from({ length: size }, (_, i) => (i % 24 > 4 && i % 24 < 16 && i > 9000 ? 1 : 0))
    const batch = assemble(shown, tinyScans, { get: () => box }, seededRandom('geometry'))
    const brainOf = (scan: number): number[] =>
      [...batch.values.subarray(scan * size, (scan + 1) * size)].map((value) => (value === 0 ? 0 : 1))
    expect(brainOf(1)).toEqual(brainOf(0))
    expect(brainOf(2)).toEqual(brainOf(0))
    expect(brainOf(3)).not.toEqual(brainOf(0))
    expect(batch.values.subarray(size, 2 * size)).not.toEqual(batch.values.subarray(0, size))
  })

  test('makes no visit brighter, or of more contrast, than another more often than by chance', () => {
    const half = Float32Array.from({ length: size }, (_, i) => (i % 2 === 0 ? 1 : -1))
    const random = seededRandom('no clock')
    const draws = 150
    const ahead = { brightness: 0, contrast: 0 }
    for (let draw = 0; draw < draws; draw++) {
      const { values } = assemble(shown.slice(0, 1), tinyScans, { get: () => half }, random)
      const [first, , last] = [0, 1, 2].map((scan) => momentsOf(values.subarray(scan * size, (scan + 1) * size)))
      if (first === undefined || last === undefined) throw new Error('there are three scans')
      // What is drawn for a scan moves both by far more than its noise.
      expect(Math.abs(last.brightness - first.brightness) + Math.abs(last.contrast - first.contrast)).toBeGreaterThan(
        1e-3,
      )
      ahead.brightness += last.brightness > first.brightness ? 1 : 0
      ahead.contrast += last.contrast > first.contrast ? 1 : 0
    }
    // Five standard errors of a fair coin are 0.2.
    for (const count of Object.values(ahead)) expect(Math.abs(count / draws - 0.5)).toBeLessThan(0.2)
  })

  test('lays scans one after the other and shows them as they are when nothing is drawn', () => {
    const batch = assemble(shown, tinyScans, volumes)
    expect(batch.children.map(({ firstScan }) => firstScan)).toEqual([0, 3])
    expect(batch.values.subarray(3 * size, 4 * size)).toEqual(volumes.get('toy-1-0'))
  })

  test('leaves out visits before the one it is shown from, with their days and what followed', () => {
    const [first] = children
    if (first === undefined) throw new Error('there are children')
    const {
      children: [only],
      scanCount,
    } = assemble([{ child: first, from: 1 }], tinyScans, volumes)
    expect(scanCount).toBe(2)
    expect(only).toEqual({
      ...{ key: 'child-0', firstScan: 0, days: [100, 200] },
      ...{ followUps: [{ days: 200, event: true }, null], chart: emptyChart },
    })
  })

  test('is the same again from the same seed', () => {
    const draw = (): Float32Array => assemble(shown, tinyScans, volumes, seededRandom('again')).values
    expect(draw()).toEqual(draw())
  })
})

/** Mean, and half the distance between the two values that a scan of +1 and −1 has. */
function momentsOf(values: Float32Array): { readonly brightness: number; readonly contrast: number } {
  const sums = [0, 0]
  for (const value of values) sums[value > 0 ? 0 : 1] = (sums[value > 0 ? 0 : 1] ?? 0) + value
  const [high = 0, low = 0] = sums
  return { brightness: (high + low) / values.length, contrast: (high - low) / values.length }
}
