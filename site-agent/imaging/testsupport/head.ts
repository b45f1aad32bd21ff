// Scans for tests, made from the template's own brain map: in any axis order, moved, cut, or with a box around it.

import { encodeNifti, type NiftiContent } from '../../../demo/hospitals/nifti-writer.ts'
import { seededRandom } from '../../../shared/random.ts'
import { noMotion, type Rigid } from '../rigid.ts'
import { readTemplateBrain } from '../template.ts'

interface Changes extends Partial<NiftiContent> {
  /** Moves the brain to the right. */
  readonly shiftMm?: number
  /** How the head lies: from mm of the template to mm of the scan. */
  readonly moved?: Rigid
  /** How many times as bright as the right the left end of the picture is, growing evenly in logarithms. */
  readonly left?: number
  /** Stores the same picture in axes LPI instead of RAS. */
  readonly turned?: boolean
}

/** A textured brain in template space at 3 mm, as the bytes of a file. */
export function brainScan({
  shiftMm = 0,
  turned = false,
  moved = noMotion,
  left = 1,
  ...content
}: Changes = {}): Uint8Array<ArrayBuffer> {
  const { shape, voxels, affine } = readTemplateBrain()
  const [depth, height, width] = shape
  const random = seededRandom('texture')
  const texture = voxels.map(() => random.integer(128))
  const textured = voxels.map((share, i) =>
    share < 128 ? 0 : left ** (1 - (i % width) / (width - 1)) * (100 + (texture[i] as number)),
  )
  const lengths = [width, height, depth]
  const rows = affine.map((row, axis) => {
    const step = row[axis] ?? 0
    const first = row[3] + (axis === 0 ? shiftMm : 0)
    const offset = turned ? first + step * ((lengths[axis] ?? 0) - 1) : first
    return [0, 1, 2].map((column) => (column === axis ? (turned ? -step : step) : 0)).concat(offset)
  })
  return encodeNifti({
    shape: [depth, height, width],
    voxels: turned ? textured.reverse() : textured,
    affine: [...placedBy(moved, rows), [0, 0, 0, 1]],
    datatype: 'int16',
    ...content,
  })
}

function placedBy(motion: Rigid, rows: readonly (readonly number[])[]): number[][] {
  return motion.map(([a, b, c, d]) =>
    [0, 1, 2, 3].map((column) => {
      const at = (row: number) => rows[row]?.[column] ?? 0
      return a * at(0) + b * at(1) + c * at(2) + (column === 3 ? d : 0)
    }),
  )
}
