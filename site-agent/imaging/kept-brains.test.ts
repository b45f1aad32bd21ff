import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { keptBrains } from './kept-brains.ts'
import { brainBox } from './network-brain.ts'
import { inTemplateSpace } from './register.ts'
import { fromEuler } from './rigid.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-brains-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const content = sha256('a scan')
const brains = (network = sha256('a network')) =>
  keptBrains({ folder, network, write: (file, bytes) => writeFile(file, bytes) })
const voxels = brainBox.shape[0] * brainBox.shape[1] * brainBox.shape[2]
const brain = new Uint8Array(voxels).fill(1, 1000, 2000)

describe('what a network found', () => {
  test('is found again for the same scan, place and network only', async () => {
    await brains().keep(content, inTemplateSpace, brain)
    const again = await brains().find(content, inTemplateSpace)
    expect(again && sha256(again)).toBe(sha256(brain))
    const elsewhere = { ...inTemplateSpace, templateToScan: fromEuler([0, 0, 0, 1, 0, 0], [0, 0, 0]) }
    expect(await brains().find(content, elsewhere)).toBeUndefined()
    expect(await brains().find(sha256('another scan'), inTemplateSpace)).toBeUndefined()
    expect(await brains(sha256('another network')).find(content, inTemplateSpace)).toBeUndefined()
  })

  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['cut', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['flipped in a byte', (bytes) => bytes.map((byte, i) => (i === bytes.length - 6 ? byte ^ 1 : byte))],
    ['of another size', () => gzipSync(brain.subarray(1))],
    ['much too large', () => gzipSync(new Uint8Array(2 * voxels))],
  ])('counts as lost when the file is %s', async (_, damage) => {
    await brains().keep(content, inTemplateSpace, brain)
    const file = brains().fileOf(content, inTemplateSpace)
    await writeFile(file, damage(await readFile(file)))
    expect(await brains().find(content, inTemplateSpace)).toBeUndefined()
  })
})
