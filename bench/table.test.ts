import { describe, expect, test } from 'vitest'
import { type MeasuredRow, median } from './benchmark.ts'
import { tableOf } from './table.ts'

const row = (name: string, ...values: number[]): MeasuredRow => ({
  name,
  unit: 's',
  runs: values.map((value) => ({ value, cpuSeconds: value * 2, peakMb: 100 + value })),
})

describe('the table of a benchmark', () => {
  test('shows median and range of each candidate, and how many times ours it is', () => {
    const text = tableOf([row('ours', 0.5, 1, 0.25), { ...row('theirs', 2, 1, 4), note: 'the same bytes' }])
    expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['median', 'range', 'to ours', 'CPU s', 'peak MB'],
      ['ours', '0.5 s', '0.25 – 1', '1.00×', '1', '101'],
      ['theirs', '2 s', '1 – 4', '4.00×', '4', '104', 'the same bytes'],
    ])
  })

  test('says of a candidate that is not installed that it was skipped, and why', () => {
    const text = tableOf([row('ours', 1), { name: 'NumPy', skipped: 'python3 cannot import numpy' }])
    expect(text).toMatch(/NumPy +– +skipped: python3 cannot import numpy/)
  })
})

describe('the median', () => {
  test.each([
    [[3], 3],
    [[3, 1, 2], 2],
    [[10, 9, 2, 1], 2],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected)
  })
})
