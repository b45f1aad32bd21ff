import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { leftInWords, preparingProgress } from './preparing-progress.ts'

function written(isTTY: boolean, total: number): string {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 })
  const progress = preparingProgress(stream)
  for (let done = 1; done <= total; done++) progress.onProgress(done, total)
  progress.end()
  return stream.read()?.toString() ?? ''
}

describe('how far preparing is', () => {
  test('is a bar with the count and the time left on a terminal, cleared at the end', () => {
    const text = written(true, 3)
    expect(text).toMatch(/preparing \|░+\| 0 of 3 scans, time left not known yet/)
    expect(text).toMatch(/preparing \|█+\| 3 of 3 scans/)
    expect(text.slice(text.lastIndexOf('scans'))).toContain('\u001b[0K')
  })

  test.each([
    [0, 'time left not known yet'],
    [Number.POSITIVE_INFINITY, 'time left not known yet'],
    [41.2, 'about 42 s left'],
    [600, 'about 10 min left'],
    [9000, 'about 2.5 h left'],
  ])('says %d seconds as people do: %s', (seconds, words) => {
    expect(leftInWords(seconds)).toBe(words)
  })

  test('is at most ten lines in a log, the last when all is done', () => {
    const lines = written(false, 237).trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(10)
    expect(lines.at(-1)).toBe('  prepared 237 of 237 scans')
    expect(lines.join('')).not.toContain('\u001b')
  })

  test('ends without a word where nothing was to be prepared', () => {
    expect([written(true, 0), written(false, 0)]).toEqual(['', ''])
  })
})
