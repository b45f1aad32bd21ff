import { describe, expect, test } from 'vitest'
import { mapBounded } from './bounded-map.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('work with a few at a time', () => {
  test('keeps the order of the items, whichever is done first', async () => {
    const results = await mapBounded([3, 1, 2, 0], 3, async (turns) => {
      for (let i = 0; i < turns; i++) await turn()
      return turns * 10
    })
    expect(results).toEqual([30, 10, 20, 0])
  })

  test('has as many at once as are allowed, and no more', async () => {
    let [running, most] = [0, 0]
    await mapBounded(Array.from({ length: 10 }), 4, async () => {
      most = Math.max(most, ++running)
      await turn()
      running--
    })
    expect(most).toBe(4)
  })

  test('begins nothing after a failure, waits for what runs, and passes the first failure on', async () => {
    const begun: number[] = []
    const ended: number[] = []
    const work = mapBounded([0, 1, 2, 3, 4], 2, async (item) => {
      begun.push(item)
      await turn()
      if (item === 1) throw new Error('first')
      await turn()
      ended.push(item)
      if (item === 0) throw new Error('second')
    })
    await expect(work).rejects.toThrow('first')
    expect(begun).toEqual([0, 1])
    expect(ended).toEqual([0])
  })

  test('does nothing for nothing', async () => {
    expect(await mapBounded([], 3, () => Promise.reject(new Error('never')))).toEqual([])
  })
})
