import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { drawStorage, type Storage } from './header-variety.ts'
import { storeVolume } from './stored-scan.ts'
import { ballGrid } from './testsupport/ball.ts'
import { plainStorage } from './testsupport/plain-scanner.ts'

const [depth, height, width] = ballGrid.shape

/** Random brightness in half of the voxels, zero in the others. */
const image = (() => {
  const random = seededRandom('image')
  const voxels = new Float32Array(depth * height * width)
  for (let i = 0; i < voxels.length; i++) voxels[i] = Math.max(0, random.uniform() - 0.5) * 2
  return voxels
})()

/** The stored volume brought back to the picture's grid by its matrix alone; voxels of the margin must be empty. */
function readBack(storage: Storage): Float32Array {
  const { shape, voxels, affine } = storeVolume(image, ballGrid, storage)
  const result = new Float32Array(image.length).fill(Number.NaN)
  let at = 0
  for (let k = 0; k < shape[0]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[2]; i++, at++) {
        const [x, y, z] = affine.slice(0, 3).map(([a = 0, b = 0, c = 0, d = 0], row) => {
          return Math.round((a * i + b * j + c * k + d - (ballGrid.originMm[row] ?? 0)) / ballGrid.spacingMm)
        }) as [number, number, number]
        const value = storage.slope * (voxels[at] ?? Number.NaN) + storage.intercept
        const inside = x >= 0 && y >= 0 && z >= 0 && x < width && y < height && z < depth
        if (inside) result[(z * height + y) * width + x] = value
        else expect(value).toBe(0)
      }
    }
  }
  return result
}

describe('a stored scan', () => {
  test.each(['RAS', 'LAS', 'LPS', 'RPI', 'LPI', 'PSR', 'PIR', 'ASR', 'SAL'])(
    'in axes %s means the same picture at the same places, margins or not',
    (axes) => {
      expect(readBack({ ...plainStorage, axes })).toEqual(image)
      expect(readBack({ ...plainStorage, axes, margins: [1, 2, 0, 3, 2, 1] })).toEqual(image)
    },
  )

  test('means the same picture but for a factor and rounding under every draw of number type and scaling', () => {
    for (let i = 0; i < 30; i++) {
      const storage = drawStorage(seededRandom(`storage ${i}`))
      const back = readBack(storage)
      const unit = storage.slope * storage.levels
      for (let at = 0; at < image.length; at += 41) {
        const [value, brightness] = [back[at] ?? Number.NaN, image[at] ?? Number.NaN]
        if (brightness === 0) expect(value).toBe(0)
        else {
          expect(value).toBeGreaterThan(0)
          expect(Math.abs(value / unit - brightness)).toBeLessThan(1.01 / storage.levels)
        }
      }
    }
  })
})
