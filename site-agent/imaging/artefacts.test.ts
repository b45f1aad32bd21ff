import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { artefactsOf } from './artefacts.ts'
import { checkArtefacts, mostGhost, mostSpike } from './quality.ts'
import { openScan } from './scan-file.ts'
import { shrink } from './shrink.ts'
import { hasSharedData, listShared, readShared } from './testsupport/shared-data.ts'
import type { Volume } from './volume.ts'

const shape = [40, 96, 80] as const

/** An ellipsoid of tissue with noise in air that is not quite black, brighter inside than at its rim. */
function head(): Volume {
  const random = seededRandom('artefacts')
  const [depth, height, width] = shape
  const voxels = new Float32Array(depth * height * width)
  for (let i = 0; i < voxels.length; i++) {
    const place = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))]
    const radius = Math.hypot(...place.map((at, axis) => (at / ([width, height, depth][axis] ?? 1) - 0.5) / 0.33))
    voxels[i] = Math.abs((radius < 0.7 ? 700 : radius < 1 ? 500 : 0) + 25 * random.normal())
  }
  return {
    shape,
    voxels,
    affine: [
      [2, 0, 0, 0],
      [0, 2, 0, 0],
      [0, 0, 2, 0],
    ],
  }
}

/** Stripes over a third of the slices, as bright as this share of the mean of what is not air. */
function withSpike(volume: Volume, share: number): Volume {
  const [depth, height, width] = volume.shape
  const tissue = volume.voxels.filter((value) => value > 100)
  const strength = (share * tissue.reduce((sum, value) => sum + value, 0)) / tissue.length
  const voxels = volume.voxels.map((value, i) => {
    const z = Math.floor(i / (width * height))
    const wave = Math.cos(2 * Math.PI * (0.31 * (i % width) + 0.37 * (Math.floor(i / width) % height)))
    return Math.abs(z - depth / 2) < depth / 6 ? value + strength * wave : value
  })
  return { ...volume, voxels }
}

/** The same head once more, half a field of view further along y. */
function withGhost(volume: Volume, share: number): Volume {
  const [, height, width] = volume.shape
  const voxels = volume.voxels.map((value, i) => {
    const y = Math.floor(i / width) % height
    return value + share * (volume.voxels[i + (((y + height / 2) % height) - y) * width] ?? 0)
  })
  return { ...volume, voxels }
}

describe('artefacts', () => {
  const clean = head()

  test('of a clean head pass', () => {
    const { spike, ghost } = artefactsOf(clean)
    expect(spike).toBeLessThan(mostSpike / 2)
    expect(Math.abs(ghost ?? 1)).toBeLessThan(0.02)
    expect(() => checkArtefacts({ spike, ghost })).not.toThrow()
  })

  test('are seen in stripes over some slices, and refused in words', () => {
    expect(() => checkArtefacts(artefactsOf(withSpike(clean, 0.15)))).toThrow(/stripes lie over it/)
  })

  test('are seen in a ghost as bright as it is, and refused in words', () => {
    expect(artefactsOf(withGhost(clean, 0.15)).ghost).toBeCloseTo(0.15, 1)
    expect(() => checkArtefacts(artefactsOf(withGhost(clean, 0.15)))).toThrow(/the head is in it twice/)
    expect(() => checkArtefacts(artefactsOf(withGhost(clean, 0.03)))).not.toThrow()
  })

  test('cannot be ghosts where the background was set to 0', () => {
    const voxels = clean.voxels.map((value) => (value > 200 ? value : 0))
    expect(artefactsOf({ ...clean, voxels }).ghost).toBeUndefined()
  })

  const files = ['longitudinal-glioma', 'raw-clinical-glioma'].flatMap(listShared)
  test.skipIf(!hasSharedData).each(hasSharedData ? files : ['(absent)'])(
    'of the real scan %s pass, and with stripes do not',
    (name) => {
      const volume = shrink(openScan(readShared(name)), 2)
      expect(() => checkArtefacts(artefactsOf(volume))).not.toThrow()
      expect(artefactsOf(volume).ghost ?? 0).toBeLessThan(mostGhost / 2)
      expect(() => checkArtefacts(artefactsOf(withSpike(volume, 0.15)))).toThrow(/stripes/)
    },
  )
})
