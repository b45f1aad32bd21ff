import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import type { SealedUpdate } from './egress.ts'
import { createSpool } from './spool.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-spool-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const content = Uint8Array.from([1, 2, 3, 4])
const update = (round: number): SealedUpdate => ({
  assignment: { studyDigest: sha256('study'), stage: 0, round },
  baseDigest: sha256(`base ${round}`),
  updateDigest: sha256(content),
  byteLength: content.byteLength,
  children: 7,
  updateNorm: 1.5,
  metrics: [{ name: 'brier', sum: 1, count: 2, children: 7 }],
  content,
})

describe('the spool', () => {
  test('gives back after a restart what was put in, bytes and announcement', async () => {
    const folder = join(root, 'restart')
    await createSpool(folder).put(update(1))
    const again = createSpool(folder)
    const found = await again.find(update(1).assignment, sha256('base 1'))
    const { content: _, ...note } = update(1)
    expect(found).toEqual({ ...note, file: found?.file })
    expect(readFileSync(found?.file ?? '')).toEqual(Buffer.from(content))
    expect(await again.list()).toHaveLength(1)
  })

  test('says beforehand when there is no room for an update', async () => {
    const free = [2 ** 30, 2 ** 20]
    const spool = createSpool(join(root, 'full'), async () => free.shift() ?? 0)
    await spool.requireRoom(2 ** 20)
    await expect(spool.requireRoom(2 ** 20)).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringContaining('make 17 MiB'),
    })
  })

  test('has nothing for another round or another base', async () => {
    const spool = createSpool(join(root, 'other'))
    await spool.put(update(1))
    expect(await spool.find(update(2).assignment, sha256('base 2'))).toBeUndefined()
    expect(await spool.find(update(1).assignment, sha256('another base'))).toBeUndefined()
  })

  test('removes what a power cut left of an update, and no whole one', async () => {
    const folder = join(root, 'torn')
    const spool = createSpool(folder)
    const [whole, cut, damaged] = [await spool.put(update(1)), await spool.put(update(2)), await spool.put(update(3))]
    truncateSync(cut.file, 2)
    writeFileSync(join(dirname(damaged.file), 'update.json'), '{"assign')
    mkdirSync(join(folder, 'abc.tmp'))
    await spool.removeTorn()
    expect(readdirSync(folder)).toEqual([basename(dirname(whole.file))])
    await createSpool(join(root, 'absent')).removeTorn()
  })

  test('replaces what was kept for the same assignment, and forgets what was delivered', async () => {
    const spool = createSpool(join(root, 'replaced'))
    await spool.put(update(1))
    const second = await spool.put({ ...update(1), children: 9 })
    expect((await spool.list()).map(({ children }) => children)).toEqual([9])
    await spool.remove(second)
    expect(await spool.list()).toEqual([])
  })

  test.each([
    ['shorter', (file: string) => truncateSync(file, 2)],
    ['others', (file: string) => writeFileSync(file, Uint8Array.from([1, 2, 3, 5]))],
  ])('does not hand out bytes that are %s than those that were sealed', async (how, damage) => {
    const spool = createSpool(join(root, how))
    const spooled = await spool.put(update(1))
    damage(spooled.file)
    expect(await spool.find(update(1).assignment, sha256('base 1'))).toBeUndefined()
    expect(await spool.list()).toEqual([])
    await spool.removeTorn()
    expect(readdirSync(join(root, how))).toEqual([])
  })

  test('keeps an update that the system does not let it read', async () => {
    const spool = createSpool(join(root, 'unreadable'))
    const { file } = await spool.put(update(1))
    const note = join(dirname(file), 'update.json')
    rmSync(note)
    // Stands for a file of another user: this one cannot be read by anybody.
    mkdirSync(note)
    await expect(spool.removeTorn()).rejects.toMatchObject({ code: 'file_unreadable' })
    expect(existsSync(file)).toBe(true)
  })
})
