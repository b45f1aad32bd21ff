// Whether a scan shows a whole head or a brain that was taken out of one: like must be registered to like, since skull and
// scalp without a counterpart tilt the result.

import { backgroundOf } from './likeness.ts'
import { resample } from './resample.ts'
import { type Affine, determinantOf, invert, toStored, type Volume } from './volume.ts'

export type Anatomy = 'brain' | 'head'

/** In litres: most brains with their fluid have at most 1.9, most heads with skull and scalp at least 2.2, of a child of two as well. */
const largestBrain = 2
/** Between these both are tried: a wide mask makes a large brain larger, thin coils a small head smaller. */
const doubtful = [1.7, 2.6] as const

/** A voxel counts from this share of the middle brightness on: block means at a brain's edge are fainter. */
const faintest = 0.2

/** What the scan may show, by the volume of what is not background, the likelier first. @param scan shrunken for registration */
export function likelyAnatomies(scan: Volume): readonly [Anatomy, ...Anatomy[]] {
  const litres = foregroundLitres(scan)
  const isDoubtful = litres > doubtful[0] && litres < doubtful[1]
  if (litres > largestBrain) return isDoubtful ? ['head', 'brain'] : ['head']
  return isDoubtful ? ['brain', 'head'] : ['brain']
}

function foregroundLitres({ voxels, affine }: Volume): number {
  const background = backgroundOf(voxels)
  const foreground = voxels.filter((value) => value > background).toSorted()
  const middle = foreground[Math.floor(foreground.length / 2)] ?? 0
  const least = background + faintest * (middle - background)
  const count = foreground.reduce((sum, value) => sum + (value >= least ? 1 : 0), 0)
  return (count * Math.abs(determinantOf(affine))) / 1e6
}

/**
 * The scan with 0 outside the template's brain.
 * @param templateMask 255 in the brain, in template space
 * @param fitted from mm of the template to mm of the scan
 */
export function withoutSkull(scan: Volume, templateMask: Volume, fitted: Affine): Volume {
  const { coverage } = resample(toStored(templateMask), scan, invert(fitted))
  return { ...scan, voxels: scan.voxels.map((value, i) => ((coverage[i] as number) >= 0.5 ? value : 0)) }
}
