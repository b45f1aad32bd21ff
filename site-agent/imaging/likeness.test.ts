import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { backgroundOf } from './likeness.ts'
import { openScan } from './scan-file.ts'
import { shrink } from './shrink.ts'
import { hasSharedData, readShared } from './testsupport/shared-data.ts'

const side = 40

/** A ball of tissue in air with noise; `cut` sets so many slices at one end to 0, as taking a face out does. */
function ball(cut: number): Float32Array {
  const random = seededRandom('ball')
  const voxels = new Float32Array(side ** 3)
  for (let i = 0; i < voxels.length; i++) {
    const place = [i % side, Math.floor(i / side) % side, Math.floor(i / side ** 2)]
    const radius = Math.hypot(...place.map((at) => at - side / 2))
    if ((place[1] ?? 0) >= cut) voxels[i] = Math.abs((radius < 12 ? 500 : 0) + 10 * random.normal())
  }
  return voxels
}

describe('the background of a scan', () => {
  test('is up to a brightness between air and tissue where air has its noise', () => {
    expect(backgroundOf(ball(0))).toBeGreaterThan(40)
    expect(backgroundOf(ball(0))).toBeLessThan(400)
  })

  test('is so too where part of the air was set to 0', () => {
    const background = backgroundOf(ball(15))
    expect(background).toBeGreaterThan(40)
    expect(background).toBeLessThan(400)
  })

  test('is 0 where all of it was set to 0', () => {
    expect(backgroundOf(ball(0).map((value) => (value > 100 ? value : 0)))).toBe(0)
  })

  test.skipIf(!hasSharedData).each(['00_0000_flair', '00_0000_t1ce', '01_0262_t2'])(
    'is 0 in the real scan %s, which has no skull',
    (name) => {
      const scan = openScan(readShared(`longitudinal-glioma/BraTSReg_002_${name}.nii.gz`))
      expect(backgroundOf(shrink(scan, 2).voxels)).toBe(0)
    },
  )
})
