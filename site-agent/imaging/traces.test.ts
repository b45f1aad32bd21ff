// What a scanner, a site or the day of a scan leaves in a file, and what of it reaches a prepared volume: nothing but what the
// brain itself looks like. Else a model could order scans without looking at a brain.

import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { seededRandom } from '../../shared/random.ts'
import { createRecipe, type RecipeOptions } from './recipe.ts'
import { readTemplateBrain } from './template.ts'
import { brainScan } from './testsupport/head.ts'

const options: RecipeOptions = {
  ...{ grid: [24, 32, 24], spacingMm: 7, template: 'mni152', registration: 'none' },
  ...{ brainMask: 'foreground', biasCorrection: 'none' },
}
const { shape, voxels: share } = readTemplateBrain()
const [depth, height, width] = shape

/** The distance from the nearest voxel of brain along the axes and diagonals, up to 5 voxels. */
const fromBrain = distances(5)

/** A head in air with noise of some mean and spread, from five voxels off the brain on; nearer the air is even. */
function headInAir(air: { readonly mean: number; readonly spread: number; readonly seed: string }): Uint8Array {
  const random = seededRandom(air.seed)
  const voxels = Float32Array.from(share, (inside, i) => {
    const noise = Math.max(1, Math.round(air.mean + air.spread * random.normal()))
    if (inside >= 128) return 100 + (i % 97) + (Math.floor(i / width) % 31)
    return (fromBrain[i] ?? 0) > 4 ? noise : 5
  })
  return brainScan({ voxels })
}

/** The prepared voxels as bytes: also the sign of a zero could tell something. */
function blockOf(content: Uint8Array, recipe = createRecipe(options)): Buffer {
  const { voxels } = recipe.prepare(content)
  return Buffer.from(voxels.buffer, voxels.byteOffset, voxels.byteLength)
}

describe('a prepared volume tells nothing of', () => {
  const plain = blockOf(brainScan())

  test.each<[string, () => Uint8Array]>([
    ['the hour and echo time in its description', () => brainScan({ description: 'TE=110;Time=224246.728' })],
    ['the number type of its scanner', () => brainScan({ datatype: 'float64' })],
    ['the byte order of its converter', () => brainScan({ littleEndian: false })],
    ['which form of its header holds the matrix', () => brainScan({ formCode: 'qform' })],
    ['the axis order of its protocol', () => brainScan({ turned: true })],
    ['how hard it was compressed', () => gzipSync(brainScan(), { level: 9 })],
    ['bytes of the header that nobody reads', () => withUnreadFields(brainScan())],
  ])('%s', (_, content) => {
    expect(blockOf(content()).equals(plain)).toBe(true)
  })

  test('the air around the head, its noise or its mean', () => {
    const recipe = createRecipe({ ...options, brainMask: 'template' })
    const [early, late] = [
      headInAir({ mean: 4, spread: 1, seed: 'an early scanner' }),
      headInAir({ mean: 40, spread: 12, seed: 'a late scanner' }),
    ]
    expect(sha256(early)).not.toBe(sha256(late))
    expect(blockOf(early, recipe).equals(blockOf(late, recipe))).toBe(true)
  })

  test('anything in its background, which is 0 to the last bit', () => {
    const masked = createRecipe({ ...options, brainMask: 'template' })
    const { voxels } = masked.prepare(headInAir({ mean: 40, spread: 12, seed: 'noise' }))
    const background = voxels.filter((value) => value === 0)
    expect(background.length).toBeGreaterThan(voxels.length / 2)
    expect(background.every((value) => Object.is(value, 0))).toBe(true)
    expect(voxels.every(Number.isFinite)).toBe(true)
  })

  test('the length of its file: every block has that of the grid', () => {
    const long = brainScan({ datatype: 'float64', description: 'x'.repeat(79) })
    expect(blockOf(long)).toHaveLength(4 * 24 * 32 * 24)
    expect(blockOf(gzipSync(long))).toHaveLength(4 * 24 * 32 * 24)
  })
})

test('a mark that a site leaves in a corner of its scans does not come through', () => {
  const recipe = createRecipe({ ...options, brainMask: 'template' })
  const head = headInAir({ mean: 4, spread: 1, seed: 'one' })
  const marked = headInAir({ mean: 4, spread: 1, seed: 'one' })
  const view = new DataView(marked.buffer, marked.byteOffset)
  for (let i = 0; i < 8; i++) view.setInt16(352 + 2 * i, 30_000, true)
  expect(blockOf(marked, recipe).equals(blockOf(head, recipe))).toBe(true)
})

/** The same with other text and numbers in fields that say nothing of where voxels lie. */
function withUnreadFields(file: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(file)
  // data_type, db_name, session_error, regular (4–38), cal_max to toffset (124–139), aux_file (228–251), intent_name (328–343)
  for (const [from, to] of [
    [4, 39],
    [124, 140],
    [228, 252],
    [328, 344],
  ] as const) {
    bytes.fill(65, from, to)
  }
  return bytes
}

function distances(most: number): Uint8Array {
  const distance = Uint8Array.from(share, (inside) => (inside >= 128 ? 0 : most))
  for (let round = 0; round < most; round++) {
    const before = distance.slice()
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const at = (z * height + y) * width + x
          for (let near = 0; near < 27; near++) {
            const [u, v, w] = [x + (near % 3) - 1, y + (Math.floor(near / 3) % 3) - 1, z + Math.floor(near / 9) - 1]
            if (u < 0 || v < 0 || w < 0 || u >= width || v >= height || w >= depth) continue
            distance[at] = Math.min(distance[at] ?? most, (before[(w * height + v) * width + u] ?? most) + 1)
          }
        }
      }
    }
  }
  return distance
}
