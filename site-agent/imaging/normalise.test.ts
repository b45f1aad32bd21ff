import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { normalise } from './normalise.ts'

const random = seededRandom('normalise')
const voxels = Float32Array.from({ length: 4000 }, () => 300 + 40 * random.normal())
const mask = Uint8Array.from(voxels, (_, i) => (i % 4 === 0 ? 0 : 1))

describe('normalising', () => {
  test('gives mean near 0 and deviation near 1 in the brain and exactly 0 outside', () => {
    const result = normalise(voxels, mask)
    const inside = [...result].filter((_, i) => mask[i] === 1)
    const mean = inside.reduce((a, b) => a + b, 0) / inside.length
    const variance = inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length
    expect(Math.abs(mean)).toBeLessThan(0.05)
    expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(0.1)
    expect(result.every((value, i) => (value === 0) === (mask[i] === 0))).toBe(true)
  })

  test('does not depend on the scanner’s scale and offset', () => {
    const result = normalise(voxels, mask)
    const other = normalise(
      voxels.map((value) => 7 * value - 900),
      mask,
    )
    for (let i = 0; i < result.length; i += 7) expect(other[i]).toBeCloseTo(result[i] ?? Number.NaN, 3)
  })

  test('limits an outlier to 10 and −4 without letting it set the scale', () => {
    const changed = Float32Array.from(voxels)
    changed[1] = 1e6
    changed[2] = -1e6
    const [result, plain] = [normalise(changed, mask), normalise(voxels, mask)]
    expect([result[1], result[2]]).toEqual([10, -4])
    expect(result[5]).toBeCloseTo(plain[5] ?? Number.NaN, 1)
  })

  test('keeps a brain voxel of exactly mean brightness apart from the background', () => {
    const result = normalise(Float32Array.from([1, 2, 3, 2, 1, 3, 9]), Uint8Array.from([1, 1, 1, 1, 1, 1, 0]))
    expect(result[6]).toBe(0)
    expect(Math.abs(result[1] ?? 0)).toBeGreaterThan(0)
    expect(Math.abs(result[1] ?? 1)).toBeLessThan(1e-3)
  })

  test('refuses a brain of one brightness, or none', () => {
    expect(() => normalise(new Float32Array(9).fill(5), new Uint8Array(9).fill(1))).toThrow(/one brightness/)
    expect(() => normalise(new Float32Array(9), new Uint8Array(9))).toThrow(/one brightness/)
  })
})
