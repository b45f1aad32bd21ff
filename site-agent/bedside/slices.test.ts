import { describe, expect, test } from 'vitest'
import { axes, changeBetween, sliceCount, sliceOf, type Voxels } from './slices.ts'

/** Each voxel is its own place as z, y, x in three digits; the grid is different along all axes. */
const places: Voxels = {
  shape: [2, 3, 4],
  voxels: Float32Array.from(
    { length: 24 },
    (_, i) => 100 * Math.floor(i / 12) + 10 * (Math.floor(i / 4) % 3) + (i % 4),
  ),
}

describe('a slice', () => {
  test('across the axis of the body has the patient’s right on the left and the front on top', () => {
    expect(sliceOf(places, 'axial', 1)).toEqual({
      ...{ width: 4, height: 3 },
      values: Float32Array.of(123, 122, 121, 120, 113, 112, 111, 110, 103, 102, 101, 100),
    })
  })

  test('from ear to ear has the patient’s right on the left and the head on top', () => {
    const { width, height, values } = sliceOf(places, 'coronal', 2)
    expect([width, height, ...values]).toEqual([4, 2, 123, 122, 121, 120, 23, 22, 21, 20])
  })

  test('from front to back has the front on the left and the head on top', () => {
    const { width, height, values } = sliceOf(places, 'sagittal', 3)
    expect([width, height, ...values]).toEqual([3, 2, 123, 113, 103, 23, 13, 3])
  })

  test('is refused beyond the volume', () => {
    for (const axis of axes) {
      const count = sliceCount(places.shape, axis)
      for (const index of [-1, count, 0.5, Number.NaN]) expect(() => sliceOf(places, axis, index)).toThrow(RangeError)
    }
  })
})

test('a change is there only where both scans have brain', () => {
  const [earlier, later] = [Float32Array.of(1, 0, -1, 2), Float32Array.of(3, 5, -2, 0)].map((voxels): Voxels => {
    return { shape: [1, 1, 4], voxels }
  })
  if (earlier === undefined || later === undefined) throw new Error('there are two')
  expect([...changeBetween(earlier, later).voxels]).toEqual([2, 0, -1, 0])
})
