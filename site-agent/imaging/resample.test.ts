import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { resample } from './resample.ts'
import { createStudyGrid, mni152CenterMm, type StudyGrid } from './study-grid.ts'
import { readTemplateBrain, templateMaskOn } from './template.ts'
import { invert, toStored, type Volume } from './volume.ts'

const random = seededRandom('resample')

function randomVolume(affine: Volume['affine']): Volume {
  const voxels = Float32Array.from({ length: 9 * 8 * 7 }, () => Math.max(0, random.uniform() - 0.3) * 100)
  return { shape: [9, 8, 7], voxels, affine }
}

interface Naive {
  readonly voxels: number[]
  readonly coverage: number[]
}

/** The same by definition: every sample placed in mm, brought to indices, weighted over all eight corners. */
function naive({ shape, voxels, affine }: Volume, grid: StudyGrid, samples: number): Naive {
  const back = invert(affine)
  const lengths = [shape[2], shape[1], shape[0]] as const
  const apply = (matrix: Volume['affine'], [x, y, z]: readonly [number, number, number]) =>
    matrix.map(([a, b, c, d]) => a * x + b * y + c * z + d) as [number, number, number]
  const sampleAt = (place: readonly [number, number, number]): [number, number] => {
    if (place.some((value, i) => value < -0.5 || value > (lengths[i] ?? 0) - 0.5)) return [0, 0]
    const clamped = place.map((value, i) => Math.max(0, Math.min((lengths[i] ?? 0) - 1, value)))
    const near = clamped.map((value) => [Math.floor(value), Math.floor(value) + 1])
    let [sum, covered] = [0, 0]
    for (const z of near[2] ?? []) {
      for (const y of near[1] ?? []) {
        for (const x of near[0] ?? []) {
          const weight = [x, y, z].reduce((product, i, axis) => product * (1 - Math.abs(i - (clamped[axis] ?? 0))), 1)
          const value = weight === 0 ? 0 : (voxels[(z * shape[1] + y) * shape[2] + x] ?? Number.NaN)
          sum += weight * value
          covered += value === 0 ? 0 : weight
        }
      }
    }
    return [sum, covered]
  }
  const offsets = Array.from({ length: samples }, (_, i) => (i + 0.5) / samples - 0.5)
  const means = Array.from({ length: grid.shape[0] * grid.shape[1] * grid.shape[2] }, (_, at) => {
    const x = at % grid.shape[2]
    const y = Math.floor(at / grid.shape[2]) % grid.shape[1]
    const z = Math.floor(at / grid.shape[2] / grid.shape[1])
    const values = offsets.flatMap((dz) =>
      offsets.flatMap((dy) => offsets.map((dx) => sampleAt(apply(back, apply(grid.affine, [x + dx, y + dy, z + dz]))))),
    )
    return [0, 1].map((which) => values.reduce((total, pair) => total + (pair[which] ?? 0), 0) / values.length)
  })
  const coverage = means.map(([, share = 0]) => share)
  return { voxels: means.map(([value = 0, share = 0]) => (share === 0 ? 0 : value / share)), coverage }
}

function expectClose(actual: Float32Array, expected: readonly number[], digits: number): void {
  expect(actual).toHaveLength(expected.length)
  for (const [i, value] of expected.entries()) expect(actual[i], `voxel ${i}`).toBeCloseTo(value, digits)
}

describe('resampling', () => {
  // Between whole mm (and half ones at 1 mm) nothing here bends, and there a sample in the middle is the exact mean.
  test.each([
    ['finer', 1, 2],
    ['of one spacing', 2, 2],
    ['coarser', 6, 6],
    ['much coarser', 12, 12],
  ] as const)(
    'onto a grid that is %s gives the exact mean over each voxel, edges included',
    (_, spacingMm, samples) => {
      const volume = randomVolume([
        [2, 0, 0, mni152CenterMm[0] - 6],
        [0, 4, 0, mni152CenterMm[1] - 11],
        [0, 0, 2, mni152CenterMm[2] - 9],
      ])
      const grid = createStudyGrid([5, 6, 4], spacingMm)
      const { voxels, coverage } = resample(toStored(volume), grid)
      const expected = naive(volume, grid, samples)
      expect(voxels.some((value) => value > 0)).toBe(true)
      expectClose(voxels, expected.voxels, 3)
      expectClose(coverage, expected.coverage, 5)
    },
  )

  test.each([
    ['finer', 0.8, 1],
    ['of one spacing', 2, 1],
    ['coarser', 8, 3],
    ['much coarser', 15, 6],
  ])('onto an oblique grid that is %s is the mean of samples spread over each voxel', (_, spacingMm, samples) => {
    const [c, s] = [2 * Math.cos(0.2), 2 * Math.sin(0.2)]
    const volume = randomVolume([
      [c, -s, 0, -6],
      [s, c, 0, -24],
      [0, 0, 2, -3],
    ])
    const grid = createStudyGrid([5, 6, 4], spacingMm)
    const { voxels, coverage } = resample(toStored(volume), grid)
    const expected = naive(volume, grid, samples)
    expect(voxels.some((value) => value > 0)).toBe(true)
    expectClose(voxels, expected.voxels, 3)
    expectClose(coverage, expected.coverage, 5)
  })

  test.each([
    [1, 3],
    [3, 4],
  ])('of a scan of %i mm keeps a lesion of %i mm whole wherever it lies between the centres', (spacingMm, radiusMm) => {
    const edge = Math.round(48 / spacingMm)
    const first = (-spacingMm * (edge - 1)) / 2
    const masses = [-3.5, -1.75, 0, 1.75, 3.5].map((offset) => {
      const voxels = Float32Array.from({ length: edge ** 3 }, (_, at) => {
        const place = [at % edge, Math.floor(at / edge) % edge, Math.floor(at / edge ** 2)]
        const distance = Math.hypot(...place.map((i) => (i - (edge - 1) / 2) * spacingMm - offset))
        return Math.max(0, Math.min(1, (radiusMm - distance) / spacingMm + 0.5))
      })
      const affine: Volume['affine'] = [
        [spacingMm, 0, 0, mni152CenterMm[0] + first],
        [0, spacingMm, 0, mni152CenterMm[1] + first],
        [0, 0, spacingMm, mni152CenterMm[2] + first],
      ]
      const sum = (values: Float32Array) => values.reduce((a, b) => a + b, 0)
      const resampled = resample(toStored({ shape: [edge, edge, edge], voxels, affine }), createStudyGrid([6, 6, 6], 7))
      const mass = sum(resampled.voxels.map((value, at) => value * (resampled.coverage[at] ?? 0)))
      return (mass * 7 ** 3) / (sum(voxels) * spacingMm ** 3)
    })
    for (const mass of masses) expect(mass).toBeCloseTo(1, 3)
  })

  test('averages what one sample a voxel would alias', () => {
    const volume: Volume = {
      shape: [48, 48, 48],
      voxels: Float32Array.from({ length: 48 ** 3 }, (_, i) => (i % 2 === 0 ? 100 : 300)),
      affine: [
        [1, 0, 0, mni152CenterMm[0] - 23.5],
        [0, 1, 0, mni152CenterMm[1] - 23.5],
        [0, 0, 1, mni152CenterMm[2] - 23.5],
      ],
    }
    for (const value of resample(toStored(volume), createStudyGrid([4, 4, 4], 8)).voxels) {
      expect(value).toBeGreaterThan(195)
      expect(value).toBeLessThan(205)
    }
  })

  test.each([
    ['along the grid', 0],
    ['oblique to it', 0.2],
  ])('of a scan %s leaves the brightness of tissue as it is at its edge', (_, angle) => {
    const [c, s] = [2 * Math.cos(angle), 2 * Math.sin(angle)]
    const volume: Volume = {
      shape: [24, 24, 24],
      voxels: Float32Array.from({ length: 24 ** 3 }, (_, i) =>
        Math.hypot((i % 24) - 12, ((i / 24) % 24) - 12) < 9 ? 70 : 0,
      ),
      affine: [
        [c, -s, 0, mni152CenterMm[0] - 24],
        [s, c, 0, mni152CenterMm[1] - 24],
        [0, 0, 2, mni152CenterMm[2] - 24],
      ],
    }
    const { voxels, coverage } = resample(toStored(volume), createStudyGrid([6, 6, 6], 7))
    expect(coverage.some((share) => share > 0.1 && share < 0.9)).toBe(true)
    voxels.forEach((value, at) => {
      expect(value).toBeCloseTo((coverage[at] ?? 0) > 0 ? 70 : 0, 3)
    })
  })

  test('says which share of a voxel is covered', () => {
    const volume: Volume = {
      shape: [20, 20, 20],
      voxels: Float32Array.from({ length: 8000 }, (_, i) => (i % 20 < 10 ? 0 : -5)),
      affine: [
        [3, 0, 0, -28.5],
        [0, 3, 0, mni152CenterMm[1] - 28.5],
        [0, 0, 3, mni152CenterMm[2] - 28.5],
      ],
    }
    const { coverage } = resample(toStored(volume), createStudyGrid([2, 2, 2], 9))
    for (const [i, share] of coverage.entries()) expect(share).toBeCloseTo(i % 2, 1)
  })
})

describe('the study grid', () => {
  test('lies around the middle of the template brain', () => {
    const { shape, voxels, affine } = readTemplateBrain()
    const [depth, height, width] = shape
    const low = [width, height, depth]
    const high = [0, 0, 0]
    voxels.forEach((share, at) => {
      if (share < 128) return
      ;[at % width, Math.floor(at / width) % height, Math.floor(at / width / height)].forEach((index, axis) => {
        low[axis] = Math.min(low[axis] ?? 0, index)
        high[axis] = Math.max(high[axis] ?? 0, index)
      })
    })
    affine.forEach((row, axis) => {
      const middle = ((low[axis] ?? 0) + (high[axis] ?? 0)) / 2
      expect(Math.abs((row[axis] ?? 0) * middle + row[3] - (mni152CenterMm[axis] ?? 0))).toBeLessThanOrEqual(3)
    })
  })

  test.each([
    [[24, 32, 24], 7],
    [[16, 20, 16], 10],
  ] as const)('of %j voxels holds the brain whole', (shape, spacingMm) => {
    const mask = templateMaskOn(createStudyGrid(shape, spacingMm))
    const litres = (mask.reduce((sum, inside) => sum + inside, 0) * spacingMm ** 3) / 1e6
    expect(litres).toBeGreaterThan(1.75)
    expect(litres).toBeLessThan(2.05)
  })
})
