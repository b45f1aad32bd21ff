import { describe, expect, test } from 'vitest'
import { orderByChange } from './lesion-change.ts'

const children = [{ radiiMm: [3, 5, 9] }, { radiiMm: [12, 12.4, 11.9] }, { radiiMm: [9, 4, 4.2] }]

describe('order by what the lesion did', () => {
  test('of a model that sees growth alone is right where lesions grow and wrong where they shrink', () => {
    const sizes = children.map(({ radiiMm }) => radiiMm)
    expect(orderByChange(children, sizes)).toEqual({
      grew: { right: 3, total: 3 },
      stayed: { right: 2, total: 4 },
      shrank: { right: 0, total: 2 },
    })
  })

  test('of a model that sees time is right for all, and of one that sees nothing for half', () => {
    const right = (scores: number[][]) => Object.values(orderByChange(children, scores)).map((pairs) => pairs.right)
    expect(right(children.map(() => [1, 2, 3]))).toEqual([3, 4, 2])
    expect(right(children.map(() => [1, 1, 1]))).toEqual([1.5, 2, 1])
    expect(right(children.map(() => [3, 2, 1]))).toEqual([0, 0, 0])
  })

  test('counts scores that are missing as wrong, never as right', () => {
    expect(orderByChange([{ radiiMm: [1, 9] }], [[0]]).grew).toEqual({ right: 0, total: 1 })
  })
})
