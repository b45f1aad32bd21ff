import { copyFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { createPreparedVolumes } from './prepared.ts'
import { createRecipe } from './recipe.ts'
import { brainScan } from './testsupport/head.ts'
import { hasSharedData, listShared, readShared } from './testsupport/shared-data.ts'

const recipe = {
  grid: [24, 32, 24],
  spacingMm: 7,
  template: 'mni152',
  registration: 'none',
  brainMask: 'foreground',
  biasCorrection: 'none',
  processes: 1,
} as const

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sequela-prepared-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const cache = () => join(root, 'cache')
const volumes = () => createPreparedVolumes({ folder: cache(), ...recipe })

async function scanAt(name: string, content: Uint8Array): Promise<string> {
  const path = join(root, name)
  await writeFile(path, content)
  return path
}

async function blocks(): Promise<string[]> {
  return (await readdir(cache())).filter((name) => name.endsWith('.f32'))
}

describe('prepared volumes', () => {
  test('are raw float32 of exactly the grid, 0 outside the brain', async () => {
    const content = gzipSync(brainScan())
    const prepared = await volumes().prepare(await scanAt('a.nii.gz', content))
    expect(prepared.contentDigest).toBe(sha256(content))
    expect(prepared.quality.dice).toBeGreaterThan(0.97)
    const bytes = await readFile(prepared.file)
    expect(bytes.byteLength).toBe(24 * 32 * 24 * 4)
    const share = Array.from({ length: 24 * 32 * 24 }, (_, i) => bytes.readFloatLE(4 * i)).filter((v) => v !== 0).length
    expect(share / (24 * 32 * 24)).toBeCloseTo(0.3, 1)
  })

  test('are the same bytes whatever axis order, type and compression the scan was stored in', async () => {
    const prepared = volumes()
    const plain = await prepared.prepare(await scanAt('a.nii', brainScan()))
    const other = await prepared.prepare(await scanAt('b.nii', brainScan({ datatype: 'float64', littleEndian: false })))
    const turned = await prepared.prepare(await scanAt('c.nii.gz', gzipSync(brainScan({ turned: true }))))
    for (const { contentDigest, file } of [other, turned]) {
      expect(contentDigest).not.toBe(plain.contentDigest)
      expect(await readFile(file)).toEqual(await readFile(plain.file))
    }
  })

  test('are found again by path, by content, and by another process', async () => {
    const first = await scanAt('a.nii', brainScan())
    const made = await volumes().prepare(first)
    await copyFile(first, join(root, 'copy.nii'))
    expect(await volumes().prepare(first)).toEqual(made)
    const copy = join(root, 'copy.nii')
    expect(await volumes().prepare(copy)).toEqual({ ...made, path: copy })
    expect(await blocks()).toHaveLength(1)
  })

  test('follow a file whose content changes, even when its size and time do not', async () => {
    const path = await scanAt('a.nii', brainScan())
    const time = new Date('2024-01-01T00:00:00Z')
    await utimes(path, time, time)
    const prepared = volumes()
    const before = await prepared.prepare(path)
    await writeFile(path, brainScan({ description: 'changed' }))
    await utimes(path, time, time)
    expect((await prepared.prepare(path)).contentDigest).not.toBe(before.contentDigest)
  })

  test.each(['truncated', 'overwritten', 'removed'])('are made again when the cached block is %s', async (damage) => {
    const path = await scanAt('a.nii', brainScan())
    const made = await volumes().prepare(path)
    const good = await readFile(made.file)
    if (damage === 'removed') await rm(made.file)
    else await writeFile(made.file, damage === 'truncated' ? good.subarray(0, 100) : Buffer.alloc(good.byteLength, 1))
    expect(await volumes().prepare(path)).toEqual(made)
    expect(await readFile(made.file)).toEqual(good)
  })

  test('are made again when the notes beside them are not readable', async () => {
    const path = await scanAt('a.nii', brainScan())
    const made = await volumes().prepare(path)
    for (const name of await readdir(cache(), { recursive: true })) {
      if (name.endsWith('.json')) await writeFile(join(cache(), name), '{"half')
    }
    expect(await volumes().prepare(path)).toEqual(made)
  })

  test('of another grid lie beside one another', async () => {
    const path = await scanAt('a.nii', brainScan())
    await volumes().prepare(path)
    await createPreparedVolumes({ ...recipe, folder: cache(), grid: [16, 20, 16], spacingMm: 10 }).prepare(path)
    expect(await blocks()).toHaveLength(2)
  })

  test('asked for at once by several callers leave one whole block and nothing aside', async () => {
    const path = await scanAt('a.nii', brainScan())
    const prepared = volumes()
    const all = await Promise.all([1, 2, 3, 4].map(() => prepared.prepare(path)))
    expect(new Set(all.map(({ file }) => file)).size).toBe(1)
    expect((await readdir(cache(), { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test.each<[string, RegExp, () => Uint8Array]>([
    ['lies 40 mm aside', /overlaps the MNI152 template by 0\.\d+ .*register it/, () => brainScan({ shiftMm: 40 })],
    ['is empty', /0\.0 % of its voxels are not 0/, () => brainScan({ voxels: new Uint8Array(56 * 68 * 56) })],
    [
      'holds a few specks',
      /1\.0 % of its voxels are not 0/,
      () => brainScan({ voxels: new Uint8Array(56 * 68 * 56).map((_, i) => (i % 100 === 0 ? i % 251 : 0)) }),
    ],
    [
      'is a map of three labels',
      /only 3 different values; it is a label map/,
      () => brainScan({ voxels: new Uint8Array(56 * 68 * 56).map((_, i) => 1 + (i % 3)) }),
    ],
    [
      'has no empty background',
      /remove the skull/,
      () => brainScan({ voxels: new Uint8Array(56 * 68 * 56).map((_, i) => 1 + (i % 90)) }),
    ],
  ])('are refused for a scan that %s, and leave nothing behind', async (_, sentence, content) => {
    const path = await scanAt('secret-name.nii', content())
    const refusal = await volumes()
      .prepare(path)
      .catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'scan_unsuitable', message: expect.stringMatching(sentence) })
    expect(String(refusal)).not.toContain('secret-name')
    expect(await readdir(root)).toEqual(['secret-name.nii'])
  })

  test('say so when the cache cannot be written', async () => {
    const path = await scanAt('a.nii', brainScan())
    await writeFile(cache(), 'a file where the folder should be')
    await expect(volumes().prepare(path)).rejects.toMatchObject({ code: 'file_unreadable' })
  })
})

/** Which real scans lie in template space without a skull; the others are refused by overlap or grey levels. */
const usable = ['mni_icbm152_t1', 'mni_icbm152_gm', 'mni_icbm152_wm']

test
  .skipIf(!hasSharedData)
  .each(['pediatric', 'raw-clinical-glioma', 'longitudinal-glioma', 'templates'].flatMap(listShared))(
  '%s is prepared only when it lies in template space without a skull',
  (name) => {
    const prepare = () => createRecipe(recipe).prepare(readShared(name)).dice
    if (usable.some((part) => name.includes(part))) expect(prepare()).toBeGreaterThan(0.85)
    else expect(prepare).toThrow(expect.objectContaining({ code: 'scan_unsuitable' }))
  },
)
