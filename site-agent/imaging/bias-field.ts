// The bias field: coils see what is near to them brighter, by a factor that changes slowly over the head. It is found by N3 (Sled,
// Zijdenbos and Evans 1998, IEEE TMI 17:87): in logarithms the field is added to the tissue and blurs the
// histogram; sharpening the histogram says what each voxel should be, and a smooth surface through the rest is the field. The
// surface is a polynomial of degree 3, in place of N3's splines.

import { seriesOf, transform } from './fourier.ts'
import { createPolynomialFit, type PolynomialFit, polynomialAt } from './polynomial-fit.ts'
import type { StudyGrid } from './study-grid.ts'

/** Levels that log brightness is counted in; a power of two. */
const bins = 256
/** How far the field blurs the histogram, as full width at half maximum in log units; 0.15 is N3's. */
const blurWidth = 0.15
/** Share of noise in the filter that sharpens, N3's. */
const filterNoise = 0.01
const mostIterations = 50
/** Standard deviation of what an iteration still changes, in log units, at which it ends. */
const settled = 1e-3
/** A step takes this share of the field that it finds; whole ones swing. */
const damping = 0.8
/** Of the middle brightness; what is darker does not show the field. */
const darkest = 0.3
/** Brightness outside these percentiles counts as that at them, so that vessels and lesions do not stretch the histogram. */
const percentiles = [0.005, 0.995] as const

/** Logarithm of the field, up to a constant, as a polynomial (polynomial-fit.ts). */
export type BiasField = readonly number[]

/**
 * Finds the field of a scan on a grid of a few mm; finer says no more, coarser mixes tissues.
 * @param voxels [depth, height, width]
 * @param mask 1 in the brain, same order
 * @returns undefined where too little of a brain is there to tell
 */
export function biasFieldOf(voxels: Float32Array, mask: Uint8Array, grid: StudyGrid): BiasField | undefined {
  const tissue = tissuePlaces(voxels, mask)
  const fit = createPolynomialFit(tissue, grid)
  if (fit === undefined) return undefined
  return biasOf(
    Float64Array.from(tissue, (i) => Math.log(voxels[i] as number)),
    fit,
  )
}

/** The scan without the field, in the brain; as bright there as before in the (geometric) mean. Arguments as above. */
export function withoutBias(field: BiasField, voxels: Float32Array, mask: Uint8Array, grid: StudyGrid): Float32Array {
  const inside = [...mask.keys()].filter((i) => mask[i] === 1)
  const bias = polynomialAt(field, inside, grid)
  const mean = meanOf(bias)
  const corrected = voxels.slice()
  for (const [k, i] of inside.entries()) {
    corrected[i] = (voxels[i] as number) * Math.exp(mean - (bias[k] as number))
  }
  return corrected
}

/** Voxels that the field is found from: fluid that is all but black has logarithms that say nothing of it. */
function tissuePlaces(voxels: Float32Array, mask: Uint8Array): number[] {
  const sorted = voxels.filter((value, i) => mask[i] === 1 && value > 0).toSorted()
  const least = darkest * (sorted[Math.floor(sorted.length / 2)] ?? 0)
  const places: number[] = []
  for (let i = 0; i < voxels.length; i++) if (mask[i] === 1 && (voxels[i] as number) > least) places.push(i)
  return places
}

function biasOf(logs: Float64Array, fit: PolynomialFit): BiasField {
  let field = fit.coefficientsOf(new Float64Array(logs.length))
  let bias = fit.valuesOf(field)
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    const sharp = sharpened(logs.map((value, k) => value - (bias[k] as number)))
    const found = fit.coefficientsOf(logs.map((value, k) => value - (sharp[k] as number)))
    field = field.map((value, t) => value + damping * ((found[t] as number) - value))
    const next = fit.valuesOf(field)
    const change = deviationOf(next.map((value, k) => value - (bias[k] as number)))
    bias = next
    if (change < settled) break
  }
  return field
}

/** What each value most likely was before the histogram was blurred. */
function sharpened(values: Float64Array): Float64Array {
  const sorted = values.toSorted()
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0
  const [low, high] = [at(percentiles[0]), at(percentiles[1])]
  if (!(high > low)) return values
  const step = (high - low) / (bins / 2 - 1)
  // Half of the levels lie beyond the brain's own: room for the blur, which would otherwise come in again at the other end.
  const first = low - (bins / 4) * step
  const placeOf = (value: number): number => (Math.min(high, Math.max(low, value)) - first) / step
  const counts = new Float64Array(bins)
  for (const value of values) {
    const place = placeOf(value)
    const below = Math.floor(place)
    counts[below] = (counts[below] as number) + 1 - (place - below)
    counts[below + 1] = (counts[below + 1] as number) + place - below
  }
  const sigma = blurWidth / (2 * Math.sqrt(2 * Math.log(2))) / step
  const kernel = Float64Array.from({ length: bins }, (_, i) =>
    Math.exp(-(Math.min(i, bins - i) ** 2) / (2 * sigma ** 2)),
  )
  const total = kernel.reduce((sum, value) => sum + value, 0)
  const blur = seriesOf(kernel.map((value) => value / total))
  const spectrum = transform(seriesOf(counts), 'forward')
  const filter = transform(blur, 'forward')
  const sharp = transform(
    {
      real: spectrum.real.map((value, i) => value * wiener(filter.real[i] as number)),
      imaginary: spectrum.imaginary.map((value, i) => value * wiener(filter.real[i] as number)),
    },
    'backward',
  ).real.map((value) => Math.max(0, value))
  const expected = conditionalMean(sharp, filter.real)
  return values.map((value) => {
    const place = placeOf(value)
    const below = Math.floor(place)
    const share = place - below
    const level =
      (expected[below] as number) * (1 - share) + (expected[Math.min(bins - 1, below + 1)] as number) * share
    // What lies outside the percentiles keeps its distance to them.
    return first + step * level + (value - Math.min(high, Math.max(low, value)))
  })
}

/** The kernel is even, so its transform is real. */
function wiener(filter: number): number {
  return filter / (filter ** 2 + filterNoise)
}

/** E[sharp level | blurred level] for each level. @param filter the blur's transform, real */
function conditionalMean(sharp: Float64Array, filter: Float64Array): Float64Array {
  const blurred = (values: Float64Array): Float64Array => {
    const { real, imaginary } = transform(seriesOf(values), 'forward')
    const product = {
      real: real.map((v, i) => v * (filter[i] as number)),
      imaginary: imaginary.map((v, i) => v * (filter[i] as number)),
    }
    return transform(product, 'backward').real
  }
  const [weighted, weights] = [blurred(sharp.map((value, level) => value * level)), blurred(sharp)]
  return weights.map((weight, level) => (weight > 1e-9 ? (weighted[level] as number) / weight : level))
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function deviationOf(values: Float64Array): number {
  const mean = meanOf(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}
