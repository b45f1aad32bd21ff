import { constant, double, assert as fcAssert, integer, oneof, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeNifti } from '../../demo/nifti-writer.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { readNifti } from './nifti.ts'
import { parseNiftiHeader } from './nifti-header.ts'

const affine = [
  [2, 0, 0, -20],
  [0, 2, 0, -22],
  [0, 0, 2, -24],
  [0, 0, 0, 1],
]
const shape = [16, 17, 18] as const
const voxels = Float32Array.from({ length: 16 * 17 * 18 }, (_, i) => i % 251)

function file(change: (view: DataView) => void = () => undefined): Uint8Array {
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

  test('gives a typed refusal or the right shape, whatever four fields and one byte hold', () => {
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
          ;[fields.rank, fields.x, fields.y, fields.z].forEach(
            (value, i) => void view.setInt16(40 + 2 * i, value, true),
          )
          view.setFloat32(108, fields.offset, true)
          view.setFloat32(280, fields.scale, true)
          view.setUint8(at, byte)
        })
        try {
          const volume = readNifti(bytes)
          expect(volume.voxels.length).toBe(volume.shape[0] * volume.shape[1] * volume.shape[2])
          expect(volume.affine.flat().every(Number.isFinite)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(SequelaError)
          expect(['scan_unreadable', 'scan_unsuitable']).toContain((error as SequelaError).code)
        }
      }),
      { numRuns: 1000, seed: 7 },
    )
  })

  test('gives a typed refusal or the right shape when any single byte is changed', () => {
    fcAssert(
      property(integer({ min: 0, max: 351 }), integer({ min: 0, max: 255 }), (at, byte) => {
        const code = codeOf(() => readNifti(file((view) => view.setUint8(at, byte))))
        expect(['accepted', 'scan_unreadable', 'scan_unsuitable']).toContain(code)
      }),
      { numRuns: 1000, seed: 8 },
    )
  })
})
