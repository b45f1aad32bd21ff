// The discrete Fourier transform of short series whose length is a power of two (Cooley and Tukey 1965).

export interface Series {
  readonly real: Float64Array
  readonly imaginary: Float64Array
}

/** A real series, with noughts after it up to the next power of two. */
export function seriesOf(values: ArrayLike<number>): Series {
  const length = 2 ** Math.ceil(Math.log2(Math.max(1, values.length)))
  const real = new Float64Array(length)
  real.set(values)
  return { real, imaginary: new Float64Array(length) }
}

/** `backward` undoes `forward`, scale included. @throws RangeError unless the length is a power of two. */
export function transform(series: Series, direction: 'forward' | 'backward'): Series {
  const length = series.real.length
  if (length === 0 || (length & (length - 1)) !== 0) throw new RangeError('the length must be a power of two')
  const turn = ((direction === 'forward' ? -1 : 1) * 2 * Math.PI) / length
  const waves = {
    real: Float64Array.from({ length: length / 2 }, (_, i) => Math.cos(turn * i)),
    imaginary: Float64Array.from({ length: length / 2 }, (_, i) => Math.sin(turn * i)),
  }
  const out = { real: new Float64Array(length), imaginary: new Float64Array(length) }
  transformPart(series, { from: 0, stride: 1 }, waves, out, 0, length)
  if (direction === 'forward') return out
  return { real: out.real.map((value) => value / length), imaginary: out.imaginary.map((value) => value / length) }
}

/** Every `stride`-th value from `from` on becomes `length` values of `out` from `to` on. */
function transformPart(
  source: Series,
  { from, stride }: { readonly from: number; readonly stride: number },
  waves: Series,
  out: Series,
  to: number,
  length: number,
): void {
  if (length === 1) {
    out.real[to] = source.real[from] as number
    out.imaginary[to] = source.imaginary[from] as number
    return
  }
  const half = length / 2
  transformPart(source, { from, stride: 2 * stride }, waves, out, to, half)
  transformPart(source, { from: from + stride, stride: 2 * stride }, waves, out, to + half, half)
  for (let even = to, odd = to + half, at = 0; even < to + half; even++, odd++, at += stride) {
    const [c, s] = [waves.real[at] as number, waves.imaginary[at] as number]
    const [a, b] = [out.real[odd] as number, out.imaginary[odd] as number]
    const [turnedReal, turnedImaginary] = [a * c - b * s, a * s + b * c]
    const [evenReal, evenImaginary] = [out.real[even] as number, out.imaginary[even] as number]
    out.real[even] = evenReal + turnedReal
    out.imaginary[even] = evenImaginary + turnedImaginary
    out.real[odd] = evenReal - turnedReal
    out.imaginary[odd] = evenImaginary - turnedImaginary
  }
}
