// Whether embeddings tell where a scan was made. A model that knows the site can learn that one hospital's children fare
// worse, and fails at the next. Sites send mean and covariance of the embeddings of their validation scans; a linear
// discriminant is made of them and tried by each site on its test scans. Right as often as chance is what is hoped for.

import { z } from 'zod'
import { cholesky, solveFactored } from '../cholesky.ts'
import { childrenOf } from './landmark.ts'
import { countSchema, numberSchema } from './numbers.ts'
import type { EmbeddedScan } from './pair-accuracy.ts'

/** Fewer scans make no covariance worth a name (learning.md, section 9). */
export const fewestProbeScans = 30

/** Wider embeddings are not probed: their covariance would outweigh everything else that a site sends. */
const mostDimensions = 256

const numbers = z.array(z.number()).min(1).max(mostDimensions).readonly()
const numbersOfSite = z.array(numberSchema).min(1).max(mostDimensions).readonly()

export const momentsSchema = z.strictObject({
  children: countSchema,
  scans: countSchema,
  mean: numbersOfSite,
  /** Upper triangle, row by row. */
  covariance: z
    .array(numberSchema)
    .max((mostDimensions * (mostDimensions + 1)) / 2)
    .readonly(),
})

export type Moments = z.infer<typeof momentsSchema>

/** A scan belongs to the site whose weights · embedding + offset is the highest; all sites are equally likely before. */
export const discriminantSchema = z.array(z.strictObject({ site: z.string(), weights: numbers, offset: z.number() }))

export type Discriminant = z.infer<typeof discriminantSchema>

/** Null with too few scans or children, or embeddings too wide. */
export function momentsOf(scans: readonly EmbeddedScan[], minCell: number): Moments | null {
  const size = scans[0]?.embedding.length ?? 0
  const children = childrenOf(scans)
  if (scans.length < fewestProbeScans || children < minCell || size === 0 || size > mostDimensions) return null
  const at = (scan: EmbeddedScan, index: number): number => scan.embedding[index] ?? Number.NaN
  const mean = Array.from(
    { length: size },
    (_, i) => scans.reduce((total, scan) => total + at(scan, i), 0) / scans.length,
  )
  const covariance: number[] = []
  for (const [i, first] of mean.entries()) {
    for (const [offset, second] of mean.slice(i).entries()) {
      const products = scans.reduce((total, scan) => total + (at(scan, i) - first) * (at(scan, i + offset) - second), 0)
      covariance.push(products / scans.length)
    }
  }
  return { children, scans: scans.length, mean, covariance }
}

/** Null with fewer than two sites that sent moments of one size. */
export function discriminantOf(
  sites: readonly { readonly site: string; readonly moments: Moments | null }[],
): Discriminant | null {
  const told = sites.flatMap(({ site, moments }) => (moments === null ? [] : [{ site, moments }]))
  const size = told[0]?.moments.mean.length ?? 0
  const isWhole = ({ mean, covariance }: Moments): boolean =>
    mean.length === size && covariance.length === (size * (size + 1)) / 2
  if (told.length < 2 || !told.every(({ moments }) => isWhole(moments))) return null
  const within = cholesky(shrunken(told.map(({ moments }) => moments)))
  if (within === undefined) return null
  return told.map(({ site, moments: { mean } }) => {
    const weights = solveFactored(within, mean)
    return { site, weights, offset: -dot(weights, mean) / 2 }
  })
}

/** The site that the discriminant takes a scan for. */
export function siteGuessed(discriminant: Discriminant, embedding: readonly number[]): string | undefined {
  const scored = discriminant.map(({ site, weights, offset }) => ({ site, score: dot(weights, embedding) + offset }))
  return scored.reduce<(typeof scored)[number] | undefined>(
    (best, one) => (best === undefined || one.score > best.score ? one : best),
    undefined,
  )?.site
}

/**
 * The covariance within sites, drawn towards a multiple of the identity by dimensions / (dimensions + scans): with fewer
 * scans than dimensions it could not be inverted at all.
 */
function shrunken(sites: readonly Moments[]): number[][] {
  const size = sites[0]?.mean.length ?? 0
  const scans = sites.reduce((total, one) => total + one.scans, 0)
  const share = size / (size + scans)
  const pooled = (index: number): number =>
    sites.reduce((total, one) => total + (one.scans * (one.covariance[index] ?? 0)) / scans, 0)
  const indexOf = (i: number, j: number): number => i * size - (i * (i - 1)) / 2 + (j - i)
  const trace = Array.from({ length: size }, (_, i) => pooled(indexOf(i, i))).reduce((a, b) => a + b, 0)
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_unused, j) => {
      const value = (1 - share) * pooled(indexOf(Math.min(i, j), Math.max(i, j)))
      // Where embeddings do not vary at all the identity alone keeps the matrix regular.
      return i === j ? value + (share * trace) / size + 1e-12 : value
    }),
  )
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, index) => total + value * (b[index] ?? 0), 0)
}
