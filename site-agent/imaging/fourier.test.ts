import { expect, test } from 'vitest'
import { seriesOf, transform } from './fourier.ts'

const values = Float64Array.from([3, 1, -4, 1, 5, -9, 2])

test('a wave has its whole weight at its own frequency', () => {
  const wave = Float64Array.from({ length: 8 }, (_, i) => Math.cos((2 * Math.PI * 2 * i) / 8))
  const { real, imaginary } = transform(seriesOf(wave), 'forward')
  for (const [k, weight] of [0, 0, 4, 0, 0, 0, 4, 0].entries()) {
    expect(real[k]).toBeCloseTo(weight, 9)
    expect(imaginary[k]).toBeCloseTo(0, 9)
  }
})

test('back and forth gives the series again, of any length', () => {
  const { real, imaginary } = transform(transform(seriesOf(values), 'forward'), 'backward')
  for (const [k, value] of values.entries()) {
    expect(real[k]).toBeCloseTo(value, 9)
    expect(imaginary[k]).toBeCloseTo(0, 9)
  }
})
