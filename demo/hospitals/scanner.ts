// A scanner's character, which a hospital keeps for years, and what differs from one visit to the next. Which scanner
// a child meets, how it lies and what noise there is are drawn without regard to time, so that none of it tells the
// order of visits.

import type { Random } from '../../shared/random.ts'
import { between } from './draws.ts'
import { drawStorage, type Storage } from './header-variety.ts'

/** Nine monomials of the position (each axis in −1…1): x y z x² y² z² xy xz yz. */
type BiasCoefficients = readonly number[]

export interface Scanner {
  /** Factors on grey matter, white matter, fluid and lesion. */
  readonly contrast: readonly [number, number, number, number]
  readonly gamma: number
  /** Largest logarithm of the bias field. */
  readonly biasAmplitude: number
  readonly bias: BiasCoefficients
  /** Standard deviation, in the units in which grey matter is 0.8. */
  readonly noise: number
  readonly teslas: 1.5 | 3
  readonly storage: Storage
}

/** How one visit was scanned: which of the hospital's scanners, its bias field then, and how the head lay. */
export interface Exposure {
  readonly scannerIndex: number
  readonly scanner: Scanner
  readonly bias: BiasCoefficients
  /** Radians about x, y, z; what registration left over. */
  readonly rotation: readonly [number, number, number]
  readonly shiftMm: readonly [number, number, number]
}

export function drawScanner(random: Random): Scanner {
  const contrast = (): number => 1 + between(random, -0.08, 0.08)
  return {
    contrast: [contrast(), contrast(), contrast(), contrast()],
    gamma: between(random, 0.8, 1.25),
    biasAmplitude: between(random, 0.02, 0.12),
    bias: Array.from({ length: 9 }, () => random.normal()),
    noise: between(random, 0.01, 0.03),
    teslas: random.uniform() < 0.5 ? 1.5 : 3,
    storage: drawStorage(random),
  }
}

/** Draws a visit's exposure on one of `scanners`: pose within about 1 mm and 1 degree of the template's. */
export function drawExposure(random: Random, scanners: readonly Scanner[]): Exposure {
  const scannerIndex = random.integer(scanners.length)
  const scanner = scanners[scannerIndex]
  if (scanner === undefined) throw new RangeError('a hospital needs a scanner')
  const angle = (): number => (random.normal() * Math.PI) / 180
  return {
    scannerIndex,
    scanner,
    bias: scanner.bias.map((coefficient) => coefficient + 0.5 * random.normal()),
    rotation: [angle(), angle(), angle()],
    shiftMm: [random.normal(), random.normal(), random.normal()],
  }
}

/**
 * Values of the bias field's logarithm along one row of x, at fixed y and z (all in −1…1): a + b x + c x².
 * @returns [a, b, c]
 */
export function biasRow(bias: BiasCoefficients, y: number, z: number): readonly [number, number, number] {
  const at = (index: number): number => bias[index] ?? 0
  const constant = at(1) * y + at(2) * z + at(4) * y * y + at(5) * z * z + at(8) * y * z
  return [constant, at(0) + at(6) * y + at(7) * z, at(3)]
}

/** Factor that brings the field's largest absolute value in the cube, on a lattice of 9³ points, to the amplitude. */
export function biasScale(exposure: Exposure): number {
  let largest = 1e-6
  for (let z = -1; z <= 1; z += 0.25) {
    for (let y = -1; y <= 1; y += 0.25) {
      const [a, b, c] = biasRow(exposure.bias, y, z)
      for (let x = -1; x <= 1; x += 0.25) largest = Math.max(largest, Math.abs(a + b * x + c * x * x))
    }
  }
  return exposure.scanner.biasAmplitude / largest
}
