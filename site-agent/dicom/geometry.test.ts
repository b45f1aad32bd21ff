import { describe, expect, test } from 'vitest'
import { parseDicomHeader } from './dicom-file.ts'
import { type Grid, gridOf } from './geometry.ts'
import { readInstance } from './header.ts'
import { stacksOf } from './stacks.ts'
import type { DataSet } from './testsupport/dicom-writer.ts'
import { type MadeSeries, makeSeries } from './testsupport/series.ts'

function slicesOf(made: MadeSeries, keep: (index: number) => boolean = () => true) {
  const images = makeSeries(made)
    .filter((_, index) => keep(index))
    .map((bytes) => {
      const { fields, transferSyntax } = parseDicomHeader(bytes)
      return { file: '', instance: readInstance(fields, transferSyntax) }
    })
  return stacksOf(images)[0]?.slices ?? []
}

const gridWith = (slice: (index: number) => DataSet, keep?: (index: number) => boolean): Grid =>
  gridOf(slicesOf({ slice }, keep))
const at = (z: number, x = -80, y = -80): DataSet => ({ '00200032': `${x}\\${y}\\${z}` })

describe('the grid of a stack', () => {
  test('is ordered along the normal, whatever the order of the files', () => {
    const grid = gridOf(slicesOf({ slice: (index) => at(((index * 7) % 24) * 5) }))
    expect(grid.slices.map(({ frame }) => frame.plane?.position[2])).toEqual(
      Array.from({ length: 24 }, (_, i) => 5 * i),
    )
  })

  test('holds for oblique stacks: the affine takes each voxel to where its header says', () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)]
    const position = (i: number): number[] => [10 - 5 * i * 0, -30 - 5 * i * s, 20 + 5 * i * c]
    const grid = gridWith((i) => ({ '00200032': position(i).join('\\'), '00200037': `1\\0\\0\\0\\${c}\\${s}` }))
    const [x, y, z] = grid.affine.map((row) => row[0] * 3 + row[1] * 4 + row[2] * 5 + row[3])
    const [px = 0, py = 0, pz = 0] = position(5)
    // Column 3, row 4, slice 5, 5 mm in each direction; LPS to RAS turns the first two signs.
    expect(x).toBeCloseTo(-(px + 15), 6)
    expect(y).toBeCloseTo(-(py + 20 * c), 6)
    expect(z).toBeCloseTo(pz + 20 * s, 6)
  })

  test.each([
    [
      'a slice missing in the middle',
      (i: number) => at(5 * i),
      (i: number) => i !== 11,
      '1 of its slices is missing: between slice 11 and the next lie 10 mm where others are 5 mm apart',
    ],
    ['three slices missing', (i: number) => at(5 * i), (i: number) => i < 8 || i > 10, '3 of its slices are missing'],
    [
      'a gap 2 % too wide',
      (i: number) => at(5 * i + (i > 9 ? 0.1 : 0)),
      undefined,
      'uneven: between slice 10 and the next lie 5.1 mm',
    ],
    ['two slices in one place', (i: number) => at(5 * Math.max(1, i)), undefined, '1 places hold two slices'],
    [
      'two volumes in one series',
      (i: number) => at(5 * (i % 12)),
      undefined,
      'several volumes (phases, echoes or repetitions)',
    ],
    ['slices that drift to the side', (i: number) => at(5 * i, -80 + i), undefined, 'tilted or sheared'],
    [
      'one slice beside the others',
      (i: number) => at(5 * i, i === 4 ? -70 : -80),
      undefined,
      'shifted against each other',
    ],
    ['no positions', () => ({ '00200032': '' }), undefined, 'does not say where the slices lie'],
    ['half a position', () => ({ '00200032': '1\\2' }), undefined, 'does not say where the slices lie'],
    [
      'three orientations',
      (i: number) => ({ '00200037': i < 8 ? '1\\0\\0\\0\\1\\0' : '0\\1\\0\\0\\0\\-1' }),
      undefined,
      'not parallel',
    ],
    [
      'two pixel spacings',
      (i: number) => ({ '00280030': i < 8 ? '5\\5' : '4\\4' }),
      undefined,
      'differ in pixel spacing',
    ],
    ['fourteen slices', (i: number) => at(5 * i), (i: number) => i < 14, 'it has 14 slices; a head needs at least 15'],
  ])('is refused with %s', (_name, slice, keep, sentence) => {
    expect(() => gridWith(slice, keep)).toThrow(sentence)
  })

  test('allows what rounding does to positions', () => {
    expect(gridWith((i) => at(Number((1.2 * i).toFixed(2)))).spacingMm[2]).toBeCloseTo(1.2, 3)
  })
})
