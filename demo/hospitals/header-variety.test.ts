import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { drawStorage } from './header-variety.ts'

const storages = Array.from({ length: 500 }, (_, i) => drawStorage(seededRandom(`scanner ${i}`)))

describe('how scanners write files', () => {
  test('differs in every respect', () => {
    const kinds = (of: (storage: (typeof storages)[number]) => unknown): number => new Set(storages.map(of)).size
    expect(kinds(({ axes }) => axes)).toBeGreaterThanOrEqual(8)
    expect(kinds(({ datatype }) => datatype)).toBe(4)
    expect(kinds(({ forms }) => forms)).toBe(3)
    expect(kinds(({ littleEndian }) => littleEndian)).toBe(2)
    expect(kinds(({ gzip }) => gzip)).toBe(2)
    expect(kinds(({ slope }) => slope === 1)).toBe(2)
    expect(kinds(({ intercept }) => intercept === 0)).toBe(2)
  })

  test('keeps the background at exactly zero though slope and intercept are 32-bit floats', () => {
    for (const { slope, intercept, zeroLevel } of storages) {
      expect(Math.fround(slope) * zeroLevel + Math.fround(intercept)).toBe(0)
    }
  })

  test('leaves room for the brightest lesion in every number type', () => {
    const brightest = { uint8: 255, int16: 32767, uint16: 65535, float32: Infinity }
    for (const { datatype, levels, zeroLevel } of storages) {
      expect(zeroLevel + 2.5 * levels).toBeLessThan(brightest[datatype])
      expect(levels).toBeGreaterThanOrEqual(30)
    }
  })
})
