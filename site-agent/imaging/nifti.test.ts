import { describe, expect, test } from 'vitest'
import { encodeNifti, type NiftiContent } from '../../demo/hospitals/nifti-writer.ts'
import { readNifti } from './nifti.ts'

const affine = [
  [2, 0, 0, -20],
  [0, 3, 0, -22],
  [0, 0, 4, -24],
  [0, 0, 0, 1],
]
const content = {
  shape: [15, 16, 17],
  voxels: Float32Array.from({ length: 15 * 16 * 17 }, (_, i) => i % 113),
  affine,
  datatype: 'int16',
} as const satisfies NiftiContent

describe('reading voxels', () => {
  test.each(['uint8', 'int8', 'int16', 'uint16', 'int32', 'uint32', 'float32', 'float64'] as const)(
    'gives the same values from %s in either byte order',
    (datatype) => {
      for (const littleEndian of [true, false]) {
        const volume = readNifti(encodeNifti({ ...content, datatype, littleEndian }))
        expect(volume.shape).toEqual(content.shape)
        expect(volume.voxels).toEqual(content.voxels)
      }
    },
  )

  test('applies slope and intercept', () => {
    const volume = readNifti(encodeNifti({ ...content, slope: 0.5, intercept: 3101 }))
    expect(volume.voxels).toEqual(content.voxels.map((value) => 0.5 * value + 3101))
  })

  test.each([
    [0.1, 512],
    [0.0731, -77],
    [3.7, 1024],
  ])('brings what was stored for 0 back to exactly 0 under slope %d and zero level %i', (slope, zeroLevel) => {
    const voxels = content.voxels.map((value) => value + zeroLevel)
    const volume = readNifti(encodeNifti({ ...content, voxels, slope, intercept: -slope * zeroLevel }))
    for (const [i, value] of volume.voxels.entries()) {
      if (content.voxels[i] === 0) expect(value).toBe(0)
      else expect(value / slope).toBeCloseTo(content.voxels[i] ?? 0, 3)
    }
  })

  test('reads bytes that lie within a larger buffer', () => {
    const bytes = encodeNifti(content)
    const larger = new Uint8Array(bytes.byteLength + 20).fill(7)
    larger.set(bytes, 9)
    expect(readNifti(larger.subarray(9, 9 + bytes.byteLength)).voxels).toEqual(content.voxels)
  })

  test.each([-1, 1, -4000])('refuses a file that is %i bytes too long', (more) => {
    const bytes = encodeNifti(content)
    const changed = new Uint8Array(bytes.byteLength + more)
    changed.set(bytes.subarray(0, changed.byteLength))
    expect(() => readNifti(changed)).toThrow(/cut off or changed/)
  })

  test('refuses voxels that are not finite', () => {
    const voxels = Float32Array.from(content.voxels)
    voxels[100] = Number.NaN
    expect(() => readNifti(encodeNifti({ ...content, voxels, datatype: 'float32' }))).toThrow(/not finite/)
  })

  test('agrees between the two forms of an oblique, left-handed matrix', () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)]
    const oblique = [
      [-2 * c, 3 * s, 0, 5],
      [2 * s, 3 * c, 0, -6],
      [0, 0, 4, 7],
      [0, 0, 0, 1],
    ]
    const [sform, qform] = (['sform', 'qform'] as const).map((formCode) =>
      readNifti(encodeNifti({ ...content, affine: oblique, formCode })),
    )
    expect(qform?.voxels).toEqual(sform?.voxels)
    for (const [i, value] of (sform?.affine.flat() ?? []).entries()) {
      expect(qform?.affine.flat()[i]).toBeCloseTo(value, 4)
    }
  })
})
