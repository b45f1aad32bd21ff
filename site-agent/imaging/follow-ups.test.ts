// What tells a follow-up from a baseline besides what grew in the head: nothing. Both are brought to the grid by one interpolation of
// the voxels as they were stored; a second one would smooth the noise of follow-ups alone, and a model would read the order from that.

import { describe, expect, test } from 'vitest'
import { encodeNifti } from '../../demo/hospitals/nifti-writer.ts'
import { sha256 } from '../../shared/digest.ts'
import { seededRandom } from '../../shared/random.ts'
import { createPreparation, type Prepare } from './preparation.ts'
import { createRecipe, type RecipeOptions } from './recipe.ts'
import { resample } from './resample.ts'
import { fromEuler, invertRigid, moved, noMotion, type Rigid } from './rigid.ts'
import { openScan } from './scan-file.ts'
import { createStudyGrid, type StudyGrid } from './study-grid.ts'
import { readRegistrationTemplates, readTemplateBrain } from './template.ts'
import { compose, toStored } from './volume.ts'

const grid: RecipeOptions['grid'] = [48, 64, 48]
const recipe = createRecipe({
  ...{ grid, spacingMm: 3.5, template: 'mni152', registration: 'rigid', brainMask: 'template', biasCorrection: 'none' },
})

/** Voxels of the scanner. */
const lattice = createStudyGrid([80, 92, 76], 2.5)

/** How the head lies in the scanner, oblique to its voxels: from mm of the template to mm of the scan. */
const layFirst = fromEuler([0.05, -0.04, 0.07, 3, -2, 1.5], [0, 0, 0])
const layLater = fromEuler([-0.06, 0.03, -0.05, -2, 2.5, -3], [0, 0, 0])

/** The same brain with noise of its own in every voxel, as it comes from a scanner in which it lies so. */
function scanOf(lay: Rigid, noise: string): Uint8Array {
  const random = seededRandom(noise)
  const back = invertRigid(lay)
  const [depth, height, width] = lattice.shape
  const share = resample(toStored(readTemplateBrain()), lattice, back).voxels
  const place = compose(back, lattice.affine)
  const voxels = share.map((inside, at) => {
    if (inside < 128) return 0
    const [x, y, z] = moved(place, [at % width, Math.floor(at / width) % height, Math.floor(at / (width * height))])
    return 200 + 60 * Math.sin(x / 12) * Math.cos(y / 17) * Math.sin(z / 14) + 25 * random.normal()
  })
  return fileOf([depth, height, width], voxels)
}

/** The same head again, brought to template space by somebody else's interpolation. */
function interpolatedBefore(content: Uint8Array, lay: Rigid): Uint8Array {
  return fileOf(lattice.shape, resample(openScan(content), lattice, lay).voxels)
}

function fileOf(shape: StudyGrid['shape'], voxels: Float32Array): Uint8Array {
  return encodeNifti({ shape, voxels, affine: [...lattice.affine, [0, 0, 0, 1]], datatype: 'float32' })
}

/** Prepares both scans, the second as a follow-up of the first, by motions that are known. @param later of the follow-up */
async function prepared(baseline: Uint8Array, followUp: Uint8Array, later: Rigid) {
  let motion = layFirst
  const contents = new Map([
    ['baseline', baseline],
    ['follow-up', followUp],
  ])
  const prepare: Prepare = createPreparation({
    ...{ recipe, templates: readRegistrationTemplates(), fit: async () => motion },
    read: async (path) => contents.get(path) ?? new Uint8Array(),
  })
  const of = { path: 'baseline', contentDigest: sha256(baseline) }
  const first = await prepare({ scan: of })
  motion = compose(later, invertRigid(layFirst))
  const scan = { path: 'follow-up', contentDigest: sha256(followUp) }
  return { first, second: await prepare({ scan, reference: { ...of, registration: first.registration } }) }
}

/** Correlation of voxels in the brain with the next ones along the three axes: high where noise was smoothed. */
function smoothness(voxels: Float32Array): number {
  const [, height, width] = grid
  let [products, squares] = [0, 0]
  for (const [at, value] of voxels.entries()) {
    for (const next of [1, width, width * height]) {
      const beside = voxels[at + next] ?? 0
      if (value === 0 || beside === 0) continue
      products += value * beside
      squares += (value ** 2 + beside ** 2) / 2
    }
  }
  return products / squares
}

describe('a follow-up', () => {
  test('that shows what the baseline showed comes out as the baseline did, though it was registered to it', async () => {
    const { first, second } = await prepared(scanOf(layFirst, 'one'), scanOf(layFirst, 'one'), layFirst)
    expect(second.registration.quality.dice).toBeGreaterThan(0.95)
    for (const [at, value] of second.voxels.entries()) expect(value).toBeCloseTo(first.voxels[at] ?? Number.NaN, 4)
  })

  test('that lay otherwise keeps as much of its noise as the baseline, of which a second interpolation would take some', async () => {
    const baseline = scanOf(layFirst, 'one')
    const later = scanOf(layLater, 'two')
    const { first, second } = await prepared(baseline, later, layLater)
    expect(Math.abs(smoothness(second.voxels) - smoothness(first.voxels))).toBeLessThan(0.02)
    const twice = await prepared(baseline, interpolatedBefore(later, layLater), noMotion)
    expect(smoothness(twice.second.voxels)).toBeGreaterThan(smoothness(first.voxels) + 0.1)
  })
})
