import { decode } from 'fast-png'
import { expect, test } from 'vitest'
import { changePicture, greyPicture } from './picture.ts'

test('grey runs from black to white between the ends of the window, and what is not brain is black', () => {
  const values = Float32Array.of(-9, -1, 1, 3, 99, 0)
  const picture = decode(greyPicture({ width: 3, height: 2, values }, { dark: -1, bright: 3 }))
  expect([picture.width, picture.height, picture.channels]).toEqual([3, 2, 1])
  expect([...picture.data]).toEqual([0, 0, 128, 255, 255, 0])
})

test('what became brighter is orange, what became darker is blue, and no change is black', () => {
  const values = Float32Array.of(4, 1, 0, -2, -9)
  const { data } = decode(changePicture({ width: 5, height: 1, values }, 2))
  expect([...data]).toEqual([230, 159, 0, 115, 80, 0, 0, 0, 0, 86, 180, 233, 86, 180, 233])
})
