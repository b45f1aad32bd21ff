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

test('back and forth gives the series again, and noughts up to a power of two', () => {
  const { real, imaginary } = transform(transform(seriesOf(values), 'forward'), 'backward')
  for (const [k, value] of [...values, 0].entries()) {
    expect(real[k]).toBeCloseTo(value, 9)
    expect(imaginary[k]).toBeCloseTo(0, 9)
  }
})

test('agrees with the sum that defines it', () => {
  const { real, imaginary } = transform(seriesOf(values), 'forward')
  for (let k = 0; k < 8; k++) {
    const term = (wave: (turn: number) => number): number =>
      values.reduce((sum, value, i) => sum + value * wave((-2 * Math.PI * i * k) / 8), 0)
    expect(real[k]).toBeCloseTo(term(Math.cos), 9)
    expect(imaginary[k]).toBeCloseTo(term(Math.sin), 9)
  }
})

test('another length is a mistake of the caller', () => {
  const odd = { real: new Float64Array(6), imaginary: new Float64Array(6) }
  expect(() => transform(odd, 'forward')).toThrow(RangeError)
})
