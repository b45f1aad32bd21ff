import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { appendLineDurably, writeFileDurably } from './durable-file.ts'
import { lockFile } from './file-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-durable-'))
afterAll(() => rmSync(root, { recursive: true }))

let file: string
beforeEach(() => {
  file = join(mkdtempSync(join(root, 'record-')), 'record.jsonl')
})
const content = (): string => readFileSync(file, 'utf8')

describe('a record of lines', () => {
  test('holds each line in the order in which it was added, also when nobody waits', async () => {
    await Promise.all(['one', 'two', 'three'].map((line) => appendLineDurably(file, line)))
    expect(content()).toBe('one\ntwo\nthree\n')
  })

  test.each([
    ['after whole lines', 'one\n', 'frag', 'one\n'],
    ['alone in the file', '', 'frag', ''],
    ['longer than what is looked at at once', 'one\n', 'f'.repeat(10_000), 'one\n'],
  ])('loses a fragment that a power cut left %s, so that the next line stands alone', async (_, lines, torn, kept) => {
    writeFileSync(file, lines + torn)
    await appendLineDurably(file, 'next')
    expect(content()).toBe(`${kept}next\n`)
  })

  test('is not touched while another program writes in it, whose half line could be taken for a fragment', async () => {
    const unlock = lockFile(join(file, '..', 'records.lock'), { taken: 'not expected', patienceMs: 0 })
    writeFileSync(file, 'half')
    await expect(appendLineDurably(file, 'other', { patienceMs: 0 })).rejects.toMatchObject({ code: 'store_locked' })
    appendFileSync(file, ' and half\n')
    unlock()
    await appendLineDurably(file, 'other')
    expect(content()).toBe('half and half\nother\n')
  })
})

test.each([
  ['written', (name: string) => writeFileDurably(name, 'content')],
  ['added to', (name: string) => appendLineDurably(name, 'line')],
])('a file that cannot be %s is told with its name and the reason', async (_, write) => {
  writeFileSync(file, '')
  const below = join(file, 'below')
  await expect(write(below)).rejects.toMatchObject({
    code: 'file_unreadable',
    message: `${below} cannot be written (ENOTDIR); its folder must be writable for the user who runs this program`,
  })
})

/** Takes nothing, as a full disk does. */
const fullDevice = '/dev/full'

describe.skipIf(!existsSync(fullDevice))('a disk that is full', () => {
  test('is said of a line that could not be added', async () => {
    symlinkSync(fullDevice, file)
    await expect(appendLineDurably(file, 'line')).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringContaining(file),
    })
  })

  test('is said of a file that could not be replaced, which stays, and nothing is left beside it', async () => {
    writeFileSync(file, 'before')
    symlinkSync(fullDevice, `${file}.${process.pid}.tmp`)
    await expect(writeFileDurably(file, 'after')).rejects.toMatchObject({ code: 'disk_full' })
    expect(content()).toBe('before')
    expect(readdirSync(join(file, '..'))).toEqual(['record.jsonl'])
  })
})
