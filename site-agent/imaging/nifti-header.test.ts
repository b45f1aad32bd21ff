import { array, constant, double, assert as fcAssert, integer, oneof, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeNifti } from '../../demo/hospitals/nifti-writer.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { readNifti } from './nifti.ts'
import { parseNiftiHeader } from './nifti-header.ts'
import { asNifti2 } from './testsupport/nifti2.ts'

const affine = [
  [2, 0, 0, -20],
  [0, 2, 0, -22],
  [0, 0, 2, -24],
  [0, 0, 0, 1],
]
const shape = [16, 17, 18] as const
const voxels = Float32Array.from({ length: 16 * 17 * 18 }, (_, i) => i % 251)

function file(change: (view: DataView) => void = () => undefined): Uint8Array<ArrayBuffer> {
  const bytes = encodeNifti({ shape, voxels, affine, datatype: 'int16' })
  change(new DataView(bytes.buffer))
  return bytes
}

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof SequelaError) return error.code
    throw error
  }
  return 'accepted'
}

describe('the header check', () => {
  test('reads shape, scale and matrix of a sound header', () => {
    const header = parseNiftiHeader(file())
    expect(header).toMatchObject({ shape: [16, 17, 18], slope: 1, intercept: 0, fileBytes: 352 + 2 * 16 * 17 * 18 })
    expect(header.affine).toEqual(affine.slice(0, 3))
  })

  test.each<[string, string, (view: DataView) => void]>([
    ['a negative size', 'scan_unreadable', (view) => view.setInt16(42, -18, true)],
    [
      'sizes of 32767 each',
      'scan_unsuitable',
      (view) => [42, 44, 46].forEach((at) => void view.setInt16(at, 32767, true)),
    ],
    ['nine dimensions', 'scan_unreadable', (view) => view.setInt16(40, 9, true)],
    ['voxels that begin at 1e9', 'scan_unreadable', (view) => view.setFloat32(108, 1e9, true)],
    ['voxels that begin within the header', 'scan_unreadable', (view) => view.setFloat32(108, 0, true)],
    ['voxels that begin nowhere', 'scan_unreadable', (view) => view.setFloat32(108, Number.NaN, true)],
    ['bits that contradict the type', 'scan_unreadable', (view) => view.setInt16(72, 32, true)],
    ['a type that does not exist', 'scan_unreadable', (view) => view.setInt16(70, 3, true)],
    ['complex voxels', 'scan_unsuitable', (view) => view.setInt16(70, 32, true)],
    ['colours', 'scan_unsuitable', (view) => view.setInt16(70, 128, true)],
    ['NaN in the matrix', 'scan_unreadable', (view) => view.setFloat32(280, Number.NaN, true)],
    ['a flat matrix', 'scan_unreadable', (view) => view.setFloat32(280, 0, true)],
    ['voxels of 20 mm', 'scan_unsuitable', (view) => view.setFloat32(280, 20, true)],
    ['an infinite intercept', 'scan_unreadable', (view) => view.setFloat32(116, Infinity, true)],
    ['the magic of a pair', 'scan_unreadable', (view) => view.setUint8(345, 'i'.charCodeAt(0))],
    ['no magic', 'scan_unreadable', (view) => view.setUint8(344, 0)],
  ])('refuses %s as %s', (_, code, change) => {
    expect(codeOf(() => parseNiftiHeader(file(change)))).toBe(code)
  })

  test('refuses a header without either form, since left and right are unknown', () => {
    const change = (view: DataView) => [252, 254].forEach((at) => void view.setInt16(at, 0, true))
    expect(() => parseNiftiHeader(file(change))).toThrow(/no orientation/)
  })

  test.each([0, Number.NaN])('takes a slope of %s for no scaling', (slope) => {
    const header = parseNiftiHeader(file((view) => view.setFloat32(112, slope, true)))
    expect([header.slope, header.intercept]).toEqual([1, 0])
  })

  test('takes four dimensions with one frame and refuses two frames', () => {
    const framed = (frames: number) => (view: DataView) => {
      view.setInt16(40, 4, true)
      view.setInt16(48, frames, true)
    }
    expect(parseNiftiHeader(file(framed(1))).shape).toEqual(shape)
    expect(() => parseNiftiHeader(file(framed(2)))).toThrow(/2 frames/)
  })

  test('ignores sizes past its own rank', () => {
    const bytes = file((view) => view.setInt16(48, 5, true))
    expect(readNifti(bytes).voxels).toEqual(voxels)
  })

  test('reads NIfTI-2 as the same volume', () => {
    expect(readNifti(asNifti2(file()))).toEqual(readNifti(file()))
  })

  test.each<[string, string, (view: DataView) => void]>([
    ['a size beyond what a number holds', 'scan_unsuitable', (view) => view.setBigInt64(24, 2n ** 62n, true)],
    ['a negative size', 'scan_unreadable', (view) => view.setBigInt64(24, -18n, true)],
    ['voxels that begin at 2⁶⁰', 'scan_unreadable', (view) => view.setBigInt64(168, 2n ** 60n, true)],
    ['an infinite slope', 'accepted', (view) => view.setFloat64(176, Infinity, true)],
    ['a slope that overflows', 'scan_unreadable', (view) => view.setFloat64(176, 1e300, true)],
    ['a header cut off', 'scan_unreadable', (view) => view.setInt32(0, 541, true)],
  ])('answers NIfTI-2 with %s by %s', (_, code, change) => {
    const bytes = asNifti2(file())
    change(new DataView(bytes.buffer))
    expect(codeOf(() => parseNiftiHeader(bytes))).toBe(code)
  })

  /** What came of reading: a typed refusal, or a volume of exactly the sizes that the header's bytes state. */
  function expectHonest(bytes: Uint8Array, sizeAt: (view: DataView, axis: number) => number): void {
    const sizes = [1, 2, 3].map((axis) => sizeAt(new DataView(bytes.buffer, bytes.byteOffset), axis))
    try {
      const volume = readNifti(bytes)
      expect(volume.shape.toSorted()).toEqual(sizes.toSorted())
      expect(volume.voxels).toHaveLength(sizes.reduce((a, b) => a * b, 1))
      expect(volume.affine.flat().every(Number.isFinite)).toBe(true)
      expect(volume.voxels.every(Number.isFinite)).toBe(true)
    } catch (error) {
      if (!(error instanceof SequelaError)) throw error
      expect(['scan_unreadable', 'scan_unsuitable']).toContain(error.code)
    }
  }
  const sizeInVersion1 = (view: DataView, axis: number) =>
    view.getInt16(40 + 2 * axis, [348].includes(view.getInt32(0, true)))
  const sizeInVersion2 = (view: DataView, axis: number) => Number(view.getBigInt64(16 + 8 * axis, true))

  test('gives a typed refusal or the stated volume, whatever four fields and one byte hold', () => {
    const size = oneof(constant(16), integer({ min: -3, max: 40 }), constant(32767))
    const number = oneof(constant(352), double({ noDefaultInfinity: false }), integer({ min: 0, max: 4000 }))
    const forged = record({
      rank: integer({ min: -1, max: 9 }),
      x: size,
      y: size,
      z: size,
      offset: number,
      scale: number,
    })
    fcAssert(
      property(forged, integer({ min: 0, max: 351 }), integer({ min: 0, max: 255 }), (fields, at, byte) => {
        const bytes = file((view) => {
          for (const [i, value] of [fields.rank, fields.x, fields.y, fields.z].entries()) {
            view.setInt16(40 + 2 * i, value, true)
          }
          view.setFloat32(108, fields.offset, true)
          view.setFloat32(280, fields.scale, true)
          view.setUint8(at, byte)
        })
        expectHonest(bytes, sizeInVersion1)
      }),
      { numRuns: 2000, seed: 7 },
    )
  })

  test.each([
    [1, 352, (bytes: Uint8Array<ArrayBuffer>) => bytes, sizeInVersion1],
    [2, 544, asNifti2, sizeInVersion2],
  ] as const)(
    'gives a typed refusal or the stated volume when any three bytes of NIfTI-%i change',
    (_, length, as, sizeAt) => {
      const change = record({ at: integer({ min: 0, max: length - 1 }), byte: integer({ min: 0, max: 255 }) })
      const sound = as(file())
      fcAssert(
        property(array(change, { minLength: 1, maxLength: 3 }), (changes) => {
          const bytes = Uint8Array.from(sound)
          for (const { at, byte } of changes) bytes[at] = byte
          expectHonest(bytes, sizeAt)
        }),
        { numRuns: 2000, seed: 8 },
      )
    },
  )
})
