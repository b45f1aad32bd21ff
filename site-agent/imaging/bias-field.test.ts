import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { biasFieldOf, withoutBias } from './bias-field.ts'
import { maskOf } from './brain-mask.ts'
import { resample } from './resample.ts'
import { openScan } from './scan-file.ts'
import { createStudyGrid } from './study-grid.ts'
import { readTemplatePicture } from './template.ts'
import { hasSharedData, readShared } from './testsupport/shared-data.ts'
import { type StoredVolume, toStored } from './volume.ts'

const grid = createStudyGrid([56, 75, 56], 3)

interface Head {
  readonly voxels: Float32Array
  readonly mask: Uint8Array
}

function headOf(scan: StoredVolume): Head {
  const { voxels, coverage } = resample(scan, grid)
  return { voxels, mask: maskOf(coverage) }
}

/** The head as a coil would see it: up to `strength` brighter or darker in logarithms. */
function through({ voxels, mask }: Head, strength: number): Head {
  const [depth, height, width] = grid.shape
  const seen = voxels.map((value, i) => {
    const x = (2 * (i % width)) / (width - 1) - 1
    const y = (2 * (Math.floor(i / width) % height)) / (height - 1) - 1
    const z = (2 * Math.floor(i / (width * height))) / (depth - 1) - 1
    return value * Math.exp(strength * (0.6 * Math.sin(1 + 1.5 * x) + 0.3 * y - 0.6 * y * z + 0.4 * x * x))
  })
  return { voxels: seen, mask }
}

function corrected({ voxels, mask }: Head): Head {
  const field = biasFieldOf(voxels, mask, grid)
  if (field === undefined) throw new Error('no field was found')
  return { voxels: withoutBias(field, voxels, mask, grid), mask }
}

/** Standard deviation of the logarithm of the ratio, in the brain: 0 where one is a multiple of the other. */
function unevenness(a: Head, b: Head): number {
  const ratios: number[] = []
  for (const [i, value] of a.voxels.entries()) {
    if (a.mask[i] === 1 && value > 0) ratios.push(Math.log(value / (b.voxels[i] as number)))
  }
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
  return Math.sqrt(ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / ratios.length)
}

/** Tissue of three kinds with noise, and a bright lesion. */
function madeHead(): Head {
  const picture = readTemplatePicture()
  const random = seededRandom('bias')
  const [, height, width] = picture.shape
  const voxels = picture.voxels.map((value, i) => {
    const place = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))]
    const distance = Math.hypot(...place.map((at, axis) => at - ([24, 40, 34][axis] ?? 0)))
    const tissue = value > 0.75 * 255 ? 900 : value > 0.42 * 255 ? 600 : 250
    return value === 0 ? 0 : (distance < 4 ? 1.8 : 1) * tissue * (1 + 0.04 * random.normal())
  })
  return headOf(toStored({ ...picture, voxels }))
}

describe('the bias field', () => {
  const head = madeHead()

  test.each([0.1, 0.3, 0.5])('of strength %d is taken out of a made head to a fifth', (strength) => {
    const seen = through(head, strength)
    expect(unevenness(corrected(seen), corrected(head))).toBeLessThan(unevenness(seen, head) / 5)
  })

  test('is hardly found where there is none', () => {
    expect(unevenness(corrected(head), head)).toBeLessThan(0.03)
  })

  test('leaves background and what is outside the mask alone, and keeps the mean brightness of the brain in logarithms', () => {
    const seen = through(head, 0.5)
    const even = corrected(seen)
    let [sum, count] = [0, 0]
    for (const [i, value] of even.voxels.entries()) {
      if (seen.mask[i] !== 1) expect(value).toBe(seen.voxels[i])
      else if (value > 0) [sum, count] = [sum + Math.log(value / (seen.voxels[i] as number)), count + 1]
    }
    expect(Math.abs(sum / count)).toBeLessThan(1e-3)
  })

  test('of next to nothing is not looked for', () => {
    const mask = new Uint8Array(head.mask.length)
    mask.set([1, 1, 1], 70_000)
    expect(biasFieldOf(head.voxels, mask, grid)).toBeUndefined()
  })

  test.skipIf(!hasSharedData).each(['00_0000_flair', '00_0000_t1ce', '00_0000_t2'])(
    'is taken out of the real scan %s to a fifth',
    (name) => {
      const real = headOf(openScan(readShared(`longitudinal-glioma/BraTSReg_002_${name}.nii.gz`)))
      const seen = through(real, 0.5)
      expect(unevenness(corrected(seen), corrected(real))).toBeLessThan(unevenness(seen, real) / 5)
    },
  )
})
