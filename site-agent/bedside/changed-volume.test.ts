import { describe, expect, test } from 'vitest'
import { changedVolume } from './changed-volume.ts'
import type { Voxels } from './slices.ts'

const shape = [12, 14, 10] as const
const changeOf = (at: (z: number, y: number, x: number) => number): Voxels => ({
  shape,
  voxels: Float32Array.from({ length: 12 * 14 * 10 }, (_, i) =>
    at(Math.floor(i / 140), Math.floor(i / 10) % 14, i % 10),
  ),
})
const inBox = (...places: number[]): boolean => places.every((place) => place >= 3 && place < 8)

describe('the changed volume', () => {
  test('counts a block that became much brighter and leaves out its corners at most', () => {
    const { brighterCm3, darkerCm3 } = changedVolume(
      changeOf((...place) => (inBox(...place) ? 6 : 0)),
      10,
    )
    expect(darkerCm3).toBe(0)
    expect(brighterCm3).toBeGreaterThanOrEqual(125)
    expect(brighterCm3).toBeLessThanOrEqual(125 + 6 * 25)
  })

  test('tells darker from brighter', () => {
    const both = changeOf((z, y, x) => (inBox(z, y, x) ? (z < 5 ? -9 : 9) : 0))
    const { brighterCm3, darkerCm3 } = changedVolume(both, 1)
    expect(brighterCm3).toBeGreaterThan(darkerCm3)
    expect(darkerCm3).toBeGreaterThan(0)
  })

  test('is nought for single loud voxels and for changes below the threshold', () => {
    expect(
      changedVolume(
        changeOf((z, y, x) => (z % 4 === 1 && y % 4 === 1 && x % 4 === 1 ? 20 : 0)),
        1,
      ),
    ).toEqual({
      brighterCm3: 0,
      darkerCm3: 0,
    })
    expect(
      changedVolume(
        changeOf(() => 1.9),
        1,
      ),
    ).toEqual({ brighterCm3: 0, darkerCm3: 0 })
  })
})
