import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPreparedArrays } from './prepared-arrays.ts'
import { npyFile } from './testsupport/npy-file.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sequela-arrays-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, content: Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const arrays = (length: number) => createPreparedArrays({ folder: join(folder, 'cache'), length })
const numbersIn = (file: string): number[] => [...new Float32Array(new Uint8Array(readFileSync(file)).buffer)]

test('an array has mean 0 and standard deviation 1, whatever its scale', async () => {
  const small = await arrays(4).prepare(write('small.npy', npyFile([1e-3, 2e-3, 3e-3, 6e-3])))
  const large = await arrays(4).prepare(write('large.npy', npyFile([110, 120, 130, 160], '<f8')))
  const numbers = numbersIn(small.file)
  expect(numbers.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 5)
  expect(numbers.reduce((sum, value) => sum + value * value, 0) / 4).toBeCloseTo(1, 5)
  for (const [i, value] of numbersIn(large.file).entries()) expect(value).toBeCloseTo(numbers[i] ?? Number.NaN, 5)
  expect(large.contentDigest).not.toBe(small.contentDigest)
})

test('a copy has the same content, and a damaged entry of the cache is made anew', async () => {
  const first = await arrays(4).prepare(write('one.npy', npyFile([1, 2, 3, 4])))
  const kept = numbersIn(first.file)
  writeFileSync(first.file, 'torn')
  const copy = await arrays(4).prepare(write('copy.npy', npyFile([1, 2, 3, 4])))
  expect(copy).toEqual(first)
  expect(numbersIn(copy.file)).toEqual(kept)
})

test.each([
  ['another length', npyFile([1, 2, 3]), 'scan_unsuitable', 'it has 3 numbers, and the study asks for 4.'],
  ['a number that is none', npyFile([1, Number.NaN, 3, 4]), 'scan_unsuitable', 'not finite'],
  ['nothing but noughts', npyFile([0, 0, 0, 0]), 'scan_unsuitable', 'all of its numbers are the same.'],
  ['one number four times', npyFile([5, 5, 5, 5]), 'scan_unsuitable', 'all of its numbers are the same.'],
  ['more bytes than any', new Uint8Array(2 ** 18 + 1), 'scan_unsuitable', 'more than any array'],
  ['a text', Buffer.from('1,2,3,4'), 'scan_unreadable', 'not a NumPy file'],
])('an array of %s is held back with the reason', async (name, content, code, words) => {
  const refused = arrays(4).prepare(write(`${name.replaceAll(' ', '-')}.npy`, content))
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(words) })
})

test('a file that is not there is said to be so', async () => {
  const refused = arrays(4).prepare(join(folder, 'nowhere.npy'))
  await expect(refused).rejects.toMatchObject({ code: 'scan_unreadable', message: expect.stringContaining('ENOENT') })
})
