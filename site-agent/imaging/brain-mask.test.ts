import { describe, expect, test } from 'vitest'
import { checkOverlap, maskOf } from './brain-mask.ts'
import { diceOf } from './quality.ts'
import { resample } from './resample.ts'
import { createStudyGrid, mni152CenterMm } from './study-grid.ts'
import { readTemplateBrain, templateMaskOn } from './template.ts'
import { type Affine, type AffineRow, toStored, type Volume } from './volume.ts'

const grid = createStudyGrid([24, 32, 24], 7)
const templateMask = templateMaskOn(grid)

/** Mask of the template's brain after each axis was turned (−1) or not (1) about the grid's middle and moved in mm. */
function maskAfter(signs: readonly number[], shiftMm: readonly number[]): Uint8Array {
  const { shape, voxels, affine } = readTemplateBrain()
  const middle = [0, -17, 5]
  const row = (line: AffineRow, axis: number): AffineRow => {
    const sign = signs[axis] ?? 1
    const center = middle[axis] ?? 0
    return [line[0] * sign, line[1] * sign, line[2] * sign, center + sign * (line[3] - center) + (shiftMm[axis] ?? 0)]
  }
  const moved = [row(affine[0], 0), row(affine[1], 1), row(affine[2], 2)] as const
  const sharp = voxels.map((share) => (share < 128 ? 0 : 1))
  return maskOf(resample(toStored({ shape, voxels: sharp, affine: moved }), grid).coverage)
}

/** The template's brain turned about the left-right axis through its middle. */
function turnedBrain(degrees: number): Volume {
  const { shape, voxels, affine } = readTemplateBrain()
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  const [x, y, z] = affine
  const [, middleY, middleZ] = mni152CenterMm
  const turned = [
    x,
    [0, c * y[1], -s * z[2], c * (y[3] - middleY) - s * (z[3] - middleZ) + middleY],
    [0, s * y[1], c * z[2], s * (y[3] - middleY) + c * (z[3] - middleZ) + middleZ],
  ] as const satisfies Affine
  return { shape, voxels: voxels.map((share) => (share < 128 ? 0 : 1)), affine: turned }
}

/** 1 wherever brain lies within so many voxels along an axis, one axis after the other. */
function grownBy(reach: number, voxels: Float32Array, [, height, width]: Volume['shape']): Float32Array {
  const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach)
  return [1, width, width * height].reduce(
    (grown, step) => grown.map((_, at) => (offsets.some((offset) => (grown[at + offset * step] ?? 0) > 0) ? 1 : 0)),
    voxels.map((share) => (share < 128 ? 0 : 1)),
  )
}

describe('the overlap with the template', () => {
  test('accepts a brain in place and up to 10 mm away', () => {
    expect(checkOverlap(maskAfter([1, 1, 1], [0, 0, 0]), templateMask)).toBeGreaterThan(0.97)
    expect(checkOverlap(maskAfter([1, 1, 1], [10, 0, 0]), templateMask)).toBeGreaterThan(0.85)
  })

  test.each([
    ['15 mm aside', [1, 1, 1], [15, 0, 0]],
    ['20 mm too high', [1, 1, 1], [0, 0, 20]],
    ['turned by half about its left-right axis', [1, -1, -1], [0, 0, 0]],
  ])('refuses a brain that lies %s', (_, signs, shiftMm) => {
    const mask = maskAfter(signs, shiftMm)
    expect(() => checkOverlap(mask, templateMask)).toThrow(expect.objectContaining({ code: 'scan_unsuitable' }))
  })

  test('refuses a brain whose chin is raised by 40 degrees, and takes one raised by 5', () => {
    expect(checkOverlap(maskOf(resample(toStored(turnedBrain(5)), grid).coverage), templateMask)).toBeGreaterThan(0.85)
    expect(() => checkOverlap(maskOf(resample(toStored(turnedBrain(40)), grid).coverage), templateMask)).toThrow(
      /register it/,
    )
  })

  test('refuses a head with its skull on and asks for it to be removed', () => {
    const { shape, voxels, affine } = readTemplateBrain()
    const head = { shape, voxels: grownBy(5, voxels, shape), affine }
    const mask = maskOf(resample(toStored(head), grid).coverage)
    expect(() => checkOverlap(mask, templateMask)).toThrow(/remove the skull/)
  })

  test('cannot see that left and right were exchanged', () => {
    expect(checkOverlap(maskAfter([-1, 1, 1], [0, 0, 0]), templateMask)).toBeGreaterThan(0.97)
  })

  test('is 2 of 3 for masks that share one voxel of one and two, and 0 for empty ones', () => {
    expect(diceOf(Uint8Array.from([1, 0, 0]), Uint8Array.from([1, 1, 0]))).toBeCloseTo(2 / 3, 12)
    expect(diceOf(new Uint8Array(3), new Uint8Array(3))).toBe(0)
  })
})
