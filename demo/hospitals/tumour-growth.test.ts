import { describe, expect, test } from 'vitest'
import { daysUntilVisible, diffusionIn, type GrowthDomain, startGrowth, visibleMm3 } from './tumour-growth.ts'

const total = (density: Float32Array): number => density.reduce((sum, c) => sum + c, 0)

/** A block of white matter, with fluid where `isFluid` says. */
function block(size: number, spacingMm: number, diffusion: number, isFluid = (_x: number) => false): GrowthDomain {
  const values = Float32Array.from({ length: size ** 3 }, (_, i) => (isFluid(i % size) ? 0 : diffusion))
  return { size, spacingMm, diffusion: values }
}

describe('a tumour', () => {
  test('that does not proliferate keeps its cells: nothing is lost at walls or at the edge of the block', () => {
    const domain = block(12, 2, 0.5, (x) => x < 4)
    const growth = startGrowth(domain, { diffusion: 0.5, proliferation: 1e-12 })
    const before = total(growth.density)
    growth.advance(2000)
    expect(total(growth.density)).toBeCloseTo(before, 3)
    expect(Math.max(...growth.density)).toBeLessThan(0.02)
  })

  test('never enters fluid', () => {
    const growth = startGrowth(
      block(12, 2, 0.05, (x) => x < 4),
      { diffusion: 0.05, proliferation: 0.02 },
    )
    growth.advance(1500)
    expect(growth.density.every((c, i) => i % 12 >= 4 || c === 0)).toBe(true)
    expect(growth.density[6 + 12 * (6 + 12 * 6)]).toBeGreaterThan(0.99)
  })

  test('fills tissue as the logistic curve has it where nothing can move', () => {
    const rates = { diffusion: 1e-9, proliferation: 0.01 }
    const growth = startGrowth(block(4, 2, 1e-9), rates)
    growth.advance(300)
    const exact = (0.2 * Math.exp(3)) / (1 + 0.2 * (Math.exp(3) - 1))
    expect(growth.density[2 + 4 * (2 + 4 * 2)]).toBeCloseTo(exact, 1)
  })

  test('has a front that moves at 2√(Dρ) along a channel, coming to it from below (Fisher 1937, Bramson 1978)', () => {
    const rates = { diffusion: 0.1, proliferation: 0.025 }
    const size = 56
    const inChannel = (i: number): boolean => {
      const [y, z] = [Math.floor(i / size) % size, Math.floor(i / size ** 2)]
      return y >= 27 && y < 29 && z >= 27 && z < 29
    }
    const diffusion = Float32Array.from({ length: size ** 3 }, (_, i) => (inChannel(i) ? rates.diffusion : 0))
    const growth = startGrowth({ size, spacingMm: 1, diffusion }, rates)
    growth.advance(100)
    const early = visibleMm3(growth, 1)
    growth.advance(100)
    const speed = (visibleMm3(growth, 1) - early) / (2 * 4 * 100) // two fronts of 2 by 2 mm
    const expected = 2 * Math.sqrt(rates.diffusion * rates.proliferation)
    expect(speed / expected).toBeGreaterThan(0.85)
    expect(speed / expected).toBeLessThan(1.02)
  })

  test('reaches a volume on the day that is named, and sooner where it grows faster', () => {
    const domain = block(24, 2, 0.03)
    const slow = { diffusion: 0.03, proliferation: 0.006 }
    const day = daysUntilVisible(domain, slow, 520, 5000)
    const growth = startGrowth(domain, slow)
    growth.advance(day ?? Number.NaN)
    expect(visibleMm3(growth, 2) / 520).toBeCloseTo(1, 1)
    expect(daysUntilVisible(domain, { ...slow, proliferation: 0.012 }, 520, 5000)).toBeLessThan(day ?? 0)
    expect(
      daysUntilVisible(
        block(24, 2, 0.03, () => true),
        slow,
        520,
        500,
      ),
    ).toBeUndefined()
  })

  test('wanders ten times slower in grey matter than in white, and not at all in fluid', () => {
    expect(diffusionIn(1, 0, 0.03)).toBeCloseTo(0.03)
    expect(diffusionIn(0, 1, 0.03)).toBeCloseTo(0.003)
    expect(diffusionIn(0.03, 0.05, 0.03)).toBe(0)
  })
})
