import { describe, expect, test } from 'vitest'
import { seededRandom } from '../shared/random.ts'
import { backoffMs } from './backoff.ts'

describe('the wait before the next attempt', () => {
  test('grows with every failure, is never longer than a minute, and never shorter than a quarter of a second', () => {
    const random = seededRandom('backoff')
    for (let failures = 0; failures < 100; failures++) {
      const ceiling = Math.min(60_000, 500 * 2 ** failures)
      const waitMs = backoffMs(failures, random)
      expect(waitMs).toBeGreaterThanOrEqual(ceiling / 2)
      expect(waitMs).toBeLessThanOrEqual(ceiling)
    }
  })

  test('scatters, so that agents which lost one coordinator do not come back together', () => {
    const waits = Array.from({ length: 50 }, (_, site) => backoffMs(4, seededRandom(`site ${site}`)))
    expect(new Set(waits.map((ms) => Math.round(ms / 100))).size).toBeGreaterThan(15)
  })
})
