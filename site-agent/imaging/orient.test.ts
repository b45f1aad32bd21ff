import { gunzipSync } from 'node:zlib'
import { readHeader } from 'nifti-reader-js'
import { describe, expect, test } from 'vitest'
import { parseNiftiHeader } from './nifti-header.ts'
import { walkInRas } from './orient.ts'
import { decodeScan } from './scan-file.ts'
import { hasSharedData, listShared, readShared } from './testsupport/shared-data.ts'

const orientations = listShared('formats/orientations')

describe('axis order', () => {
  test.skipIf(!hasSharedData)('of one head stored in 24 ways comes out bit for bit the same', () => {
    expect(orientations).toHaveLength(24)
    const expected = decodeScan(readShared('formats/orientations/RAS.nii.gz'))
    for (const name of orientations) {
      const volume = decodeScan(readShared(name))
      expect(volume.shape, name).toEqual(expected.shape)
      expect(Buffer.from(volume.voxels.buffer).equals(Buffer.from(expected.voxels.buffer)), name).toBe(true)
      for (const [i, value] of expected.affine.flat().entries()) expect(volume.affine.flat()[i]).toBeCloseTo(value, 5)
    }
  })

  test.skipIf(!hasSharedData)('matrices are those the reader library finds', () => {
    const names = ['big', 'little', 'strokez', 'avg152T1_LR_nifti2'].map((name) => `formats/nifti/${name}.nii.gz`)
    for (const name of [...names, ...listShared('raw-clinical-glioma')]) {
      const bytes = gunzipSync(readShared(name))
      const file = new Uint8Array(bytes).buffer
      const theirs = readHeader(file).affine.slice(0, 3).flat()
      const ours = parseNiftiHeader(bytes).affine.flat()
      for (const [i, value] of ours.entries()) expect(theirs[i]).toBeCloseTo(value, 3)
    }
  })

  test('of an oblique scan goes by the nearest axes and keeps every voxel in its place', () => {
    const affine = [
      [0.2, -2.9, 0.3, 40],
      [0.1, 0.3, -3.9, 50],
      [1.9, 0.1, 0.2, -60],
    ] as const
    const [first, second, third] = affine
    const walk = walkInRas([5, 4, 3], [[...first], [...second], [...third]])
    expect(walk.shape).toEqual([3, 5, 4])
    for (const [x, y, z] of [
      [0, 0, 0],
      [3, 1, 2],
      [1, 4, 1],
    ] as const) {
      const at = walk.start + z * walk.steps[0] + y * walk.steps[1] + x * walk.steps[2]
      const stored = [at % 3, Math.floor(at / 3) % 4, Math.floor(at / 12)] as const
      affine.forEach((row, i) => {
        const expected = row[0] * stored[0] + row[1] * stored[1] + row[2] * stored[2] + row[3]
        const [a, b, c, d] = walk.affine[i] ?? [0, 0, 0, 0]
        expect(a * x + b * y + c * z + d).toBeCloseTo(expected, 9)
      })
    }
  })
})
