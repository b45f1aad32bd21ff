import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createPreparedVolumes, type PreparedVolume, type PreparedVolumes } from './prepared.ts'
import { brainScan } from './testsupport/head.ts'
import { hasSharedData, readShared } from './testsupport/shared-data.ts'

const grid = [24, 32, 24] as const
const bytes = 4 * grid[0] * grid[1] * grid[2]
const recipe = {
  grid,
  spacingMm: 7,
  template: 'mni152',
  brainMask: 'template',
  biasCorrection: 'none',
  processes: 1,
} as const

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sequela-joined-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const cache = () => join(root, 'cache')

function volumes(registration: 'none' | 'rigid' = 'none'): PreparedVolumes {
  return createPreparedVolumes({ folder: cache(), ...recipe, registration })
}

async function scanAt(name: string, content: Uint8Array): Promise<string> {
  const path = join(root, name)
  await writeFile(path, content)
  return path
}

async function pair(): Promise<readonly [flair: PreparedVolume, t2w: PreparedVolume]> {
  const flair = await volumes().prepare(await scanAt('flair.nii', brainScan()))
  const brighter = brainScan({ description: 'T2w' })
  return [flair, await volumes().prepare(await scanAt('t2w.nii', brighter))]
}

describe('the joined volumes of a visit', () => {
  test('lie one after the other in the order of the study, noughts where one is missing', async () => {
    const [flair, t2w] = await pair()
    const [first, second] = [await readFile(flair.file), await readFile(t2w.file)]
    expect(await readFile(await volumes().join([flair, t2w]))).toEqual(Buffer.concat([first, second]))
    expect(await readFile(await volumes().join([undefined, t2w]))).toEqual(Buffer.concat([Buffer.alloc(bytes), second]))
    expect(await readFile(await volumes().join([flair, undefined]))).toEqual(
      Buffer.concat([first, Buffer.alloc(bytes)]),
    )
  })

  test('are one file for one content, and another as soon as an image is missing or the order differs', async () => {
    const [flair, t2w] = await pair()
    const { join: joined } = volumes()
    const again = await volumes().join([flair, t2w])
    expect(await joined([flair, t2w])).toBe(again)
    const files = [
      again,
      await joined([t2w, flair]),
      await joined([flair, undefined]),
      await joined([undefined, flair]),
    ]
    expect(new Set(files).size).toBe(4)
  })

  test.each(['cut short', 'overwritten', 'removed'])('are made again when the file is %s', async (damage) => {
    const images = await pair()
    const file = await volumes().join(images)
    const good = await readFile(file)
    if (damage === 'removed') await rm(file)
    else await writeFile(file, damage === 'cut short' ? good.subarray(0, 100) : Buffer.alloc(good.byteLength, 1))
    expect(await volumes().join(images)).toBe(file)
    expect(await readFile(file)).toEqual(good)
  })

  test('leave nothing aside, and say so when a volume that they are made of is gone', async () => {
    const images = await pair()
    await volumes().join(images)
    expect((await readdir(cache(), { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await rm(images[1].file)
    await expect(volumes().join([images[1], images[0]])).rejects.toMatchObject({ code: 'file_unreadable' })
  })
})

test.skipIf(!hasSharedData)(
  'FLAIR and T2w of one real visit come to lie on one another, each normalised in its own brain',
  async () => {
    const rigid = volumes('rigid')
    try {
      const of = (name: string) => scanAt(name, readShared(`raw-clinical-glioma/TCGA-FG-6692_${name}`))
      const flair = await rigid.prepare(await of('FLAIR.nii.gz'))
      const t2w = await rigid.prepare(await of('T2.nii.gz'), flair)
      const content = await readFile(await rigid.join([flair, t2w]))
      const values = new Float32Array(content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength))
      const [first, second] = [values.subarray(0, bytes / 4), values.subarray(bytes / 4)]
      const both = first.filter((value, i) => value !== 0 && second[i] !== 0).length
      const dice =
        (2 * both) / (first.filter((value) => value !== 0).length + second.filter((value) => value !== 0).length)
      expect(dice).toBeGreaterThan(0.9)
      for (const channel of [first, second]) {
        const brain = channel.filter((value) => value !== 0)
        expect(Math.abs(brain.reduce((sum, value) => sum + value, 0) / brain.length)).toBeLessThan(0.2)
      }
    } finally {
      await rigid.close()
    }
  },
)
