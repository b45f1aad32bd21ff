import { expect, test } from 'vitest'
import { largestPart } from './largest-part.ts'

/** Two slices of three rows, drawn; the second slice on the right. */
const drawn = (text: string): Uint8Array => {
  const rows = text.trim().split('\n')
  const slices = [0, 1].map((slice) => rows.map((row) => row.trim().split(/\s+/)[slice] ?? '').join(''))
  return Uint8Array.from(slices.join(''), (letter) => (letter === '#' ? 1 : 0))
}

test('the largest part of a mask is what hangs together by faces, in all three axes', () => {
  const mask = drawn(`
    ##..#  .....
    .#...  .#..#
    ...##  .#...`)
  const expected = drawn(`
    ##...  .....
    .#...  .#...
    .....  .#...`)
  expect(largestPart(mask, [2, 3, 5])).toEqual(expected)
})

test('of an empty mask there is none, and the mask that is given stays as it was', () => {
  expect(largestPart(new Uint8Array(30), [2, 3, 5])).toEqual(new Uint8Array(30))
  const mask = drawn('#.#..  .....\n.....  .....\n.....  .....')
  const before = mask.slice()
  largestPart(mask, [2, 3, 5])
  expect(mask).toEqual(before)
})
