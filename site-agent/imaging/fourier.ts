// The discrete Fourier transform of short series, term by term: for the few hundred levels of a histogram a fast one saves nothing.

export interface Series {
  readonly real: Float64Array
  readonly imaginary: Float64Array
}

export function seriesOf(real: Float64Array): Series {
  return { real, imaginary: new Float64Array(real.length) }
}

/** `backward` undoes `forward`, scale included. */
export function transform({ real, imaginary }: Series, direction: 'forward' | 'backward'): Series {
  const length = real.length
  const turn = ((direction === 'forward' ? -1 : 1) * 2 * Math.PI) / length
  const cos = Float64Array.from({ length }, (_, i) => Math.cos(turn * i))
  const sin = Float64Array.from({ length }, (_, i) => Math.sin(turn * i))
  const scale = direction === 'forward' ? 1 : 1 / length
  const out = { real: new Float64Array(length), imaginary: new Float64Array(length) }
  for (let k = 0; k < length; k++) {
    let [re, im] = [0, 0]
    for (let j = 0, at = 0; j < length; j++, at = (at + k) % length) {
      const [c, s] = [cos[at] as number, sin[at] as number]
      const [a, b] = [real[j] as number, imaginary[j] as number]
      re += a * c - b * s
      im += a * s + b * c
    }
    out.real[k] = scale * re
    out.imaginary[k] = scale * im
  }
  return out
}
