import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { drawAnatomy, type TissueMap } from './anatomy.ts'
import { type Moment, paintScan } from './painter.ts'
import type { Exposure, Scanner } from './scanner.ts'
import type { Site } from './surgery.ts'
import { ballTemplate } from './testsupport/ball.ts'
import { plainScanner } from './testsupport/plain-scanner.ts'

const ball = ballTemplate()
const [depth, height, width] = ball.grid.shape

const plainExposure: Exposure = {
  scannerIndex: 0,
  scanner: plainScanner,
  bias: plainScanner.bias,
  rotation: [0, 0, 0],
  shiftMm: [0, 0, 0],
}
const site: Site = {
  cavityMm: [-10, 0, 0],
  cavityAxes: [1, 1, 1],
  lesionMm: [20, 0, 0],
  lesionAxes: [1, 1, 1],
  lesionEdge: { nodes: 2, values: new Float32Array(8) },
  lesionIntensity: 1.5,
}
const moment: Moment = { lesionRadiusMm: 12, cavityMm3: 8000, rimAmplitude: 0.3, rimWidthMm: 4, headScale: 1 }

function paint(change: Partial<Moment> = {}, exposure: Partial<Exposure> = {}, anatomy: TissueMap = ball) {
  return paintScan(anatomy, site, { ...moment, ...change }, { ...plainExposure, ...exposure }, seededRandom('paint'))
}

/** Brightness at a point in mm from the grid's centre. */
function at(image: Float32Array, xMm: number, yMm: number, zMm: number): number {
  const x = Math.round(xMm / 5 + (width - 1) / 2)
  const y = Math.round(yMm / 5 + (height - 1) / 2)
  const z = Math.round(zMm / 5 + (depth - 1) / 2)
  return image[(z * height + y) * width + x] ?? Number.NaN
}

function bright(image: Float32Array): number {
  return image.reduce((count, value) => count + (value > 1 ? 1 : 0), 0)
}

function brain(image: Float32Array): number {
  return image.reduce((count, value) => count + (value > 0 ? 1 : 0), 0)
}

describe('a painted scan', () => {
  test('shows tissue, a dark cavity, a bright lesion, and nothing outside the brain', () => {
    const image = paint()
    expect(at(image, 0, 35, 0)).toBeCloseTo(0.6, 0)
    expect(at(image, -10, 0, 0)).toBeLessThan(0.3)
    expect(at(image, 20, 0, 0)).toBeGreaterThan(1.3)
    expect(at(image, 60, 0, 0)).toBe(0)
    expect(brain(image)).toBe(brainOf(ball))
  })

  test('shows more lesion the larger its radius is, and none at radius 0', () => {
    expect(bright(paint({ lesionRadiusMm: 16 }))).toBeGreaterThan(bright(paint()))
    expect(bright(paint({ lesionRadiusMm: 0 }))).toBe(0)
  })

  test('shows scar beside the cavity as bright as it is on that day', () => {
    const rim = (rimAmplitude: number): number => at(paint({ rimAmplitude }), -10, 15, 0)
    expect(rim(0.4) - rim(0)).toBeGreaterThan(0.1)
  })

  test('shows a larger head when it has grown', () => {
    expect(brain(paint({ headScale: 1.1 }))).toBeGreaterThan(1.2 * brain(paint()))
  })

  test('moves with the head: a shift of one voxel shifts the picture by one voxel', () => {
    const still = paint({}, {})
    const moved = paint({}, { shiftMm: [5, 0, 0] })
    expect(at(moved, 15, 0, 0)).toBeCloseTo(at(still, 20, 0, 0), 1)
    expect(at(moved, -15, 0, 0)).toBeCloseTo(at(still, -10, 0, 0), 1)
  })

  test('turns with the head: a quarter of a small turn about z moves what lies at the side forwards or back', () => {
    const turned = paint({ lesionRadiusMm: 6 }, { rotation: [0, 0, 0.25] })
    expect(at(turned, 20, -5, 0)).toBeGreaterThan(at(turned, 20, 5, 0))
  })

  test('keeps every voxel of the brain above zero under any scanner', () => {
    const noisy: Scanner = { ...plainScanner, noise: 0.5, gamma: 1.25, biasAmplitude: 0.12 }
    const image = paint({}, { scanner: noisy })
    expect(brain(image)).toBe(brainOf(ball))
    expect(Math.min(...image)).toBe(0)
  })
})

describe('an anatomy', () => {
  test('is warped but keeps the shares of tissue between 0 and 1 and about the size of the brain', () => {
    const anatomy = drawAnatomy(seededRandom('anatomy'), ball)
    expect(Math.min(...anatomy.shares)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...anatomy.shares)).toBeLessThanOrEqual(1.0001)
    expect(anatomy.shares).not.toEqual(ball.shares)
    expect(brainOf(anatomy) / brainOf(ball)).toBeGreaterThan(0.7)
    expect(brainOf(anatomy) / brainOf(ball)).toBeLessThan(1.4)
  })

  test('differs from child to child and repeats for the same seed', () => {
    const anatomies = ['a', 'a', 'b'].map((seed) => drawAnatomy(seededRandom(seed), ball).shares)
    expect(anatomies[0]).toEqual(anatomies[1])
    expect(anatomies[0]).not.toEqual(anatomies[2])
  })
})

function brainOf({ shares }: TissueMap): number {
  let count = 0
  for (let i = 0; i < shares.length; i += 3) {
    if ((shares[i] ?? 0) + (shares[i + 1] ?? 0) + (shares[i + 2] ?? 0) > 0.5) count++
  }
  return count
}
