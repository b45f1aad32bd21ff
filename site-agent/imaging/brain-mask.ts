// Where the brain is in a scan on the study's grid, and whether it lies where the template's does.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { brainBox } from './network-brain.ts'
import { diceOf, leastAgreement, leastCoverage, leastDice } from './quality.ts'
import type { Registration } from './register.ts'
import { resample } from './resample.ts'
import type { StudyGrid } from './study-grid.ts'
import { type Affine, compose, invert, type StoredVolume, toStored } from './volume.ts'

/** 1 in the brain, 0 elsewhere, from the share of each voxel in which the scan is not zero. */
export function maskOf(coverage: Float32Array): Uint8Array {
  const mask = new Uint8Array(coverage.length)
  for (let i = 0; i < mask.length; i++) mask[i] = (coverage[i] as number) >= leastCoverage ? 1 : 0
  return mask
}

/**
 * The template's brain, stretched to this head, on the grid: 1 in it, 0 elsewhere.
 * @param templateMask 255 in the brain, in template space
 */
function fittedMask(templateMask: StoredVolume, grid: StudyGrid, registration: Registration): Uint8Array {
  return maskOf(resample(templateMask, grid, toFittedTemplate(registration)).coverage)
}

/** From mm of the grid to mm of the scan, and on to mm of the template as it was stretched onto the scan. */
export function toFittedTemplate({ templateToScan, fitted }: Registration): Affine {
  return compose(invert(fitted), templateToScan)
}

/** What a network found, on the grid: 1 in the brain, 0 elsewhere. @param brain as `FindBrain` gives it */
export function networkMask(brain: Uint8Array, grid: StudyGrid): Uint8Array {
  return maskOf(resample(toStored({ ...brainBox, voxels: Float32Array.from(brain) }), grid).coverage)
}

/** How a study finds the brain; see the recipe. */
export type BrainMask = 'foreground' | 'template' | 'network'

/**
 * The brain on a grid: 1 in it, 0 elsewhere.
 * @param coverage share of each voxel of the grid in which the scan is not zero
 * @param templateMask 255 in the brain, in template space
 */
export function brainMaskOn(
  kind: BrainMask,
  coverage: Float32Array,
  { templateMask, grid, registration, brain }: MaskPlace,
): Uint8Array {
  const foreground = maskOf(coverage)
  if (kind === 'foreground') return foreground
  if (kind === 'network' && brain === undefined) throw new Error('a mask by network needs what the network found')
  const found = brain === undefined ? fittedMask(templateMask, grid, registration) : networkMask(brain, grid)
  return foreground.map((inside, i) => inside & (found[i] as number))
}

interface MaskPlace {
  readonly templateMask: StoredVolume
  readonly grid: StudyGrid
  readonly registration: Registration
  /** Of `network`: what it found, in `brainBox`. */
  readonly brain?: Uint8Array | undefined
}

/**
 * Overlap of what a network found with the template's brain, stretched to this head. The two know nothing of one another, so where
 * they disagree either the network or the registration is wrong.
 * @throws SequelaError `scan_unsuitable` when they do not agree.
 */
export function checkAgreement(found: Uint8Array, fitted: Uint8Array): number {
  const dice = diceOf(found, fitted)
  if (dice >= leastAgreement) return dice
  const numbers = `overlaps the template's, stretched to this head, by ${dice.toFixed(3)} (Dice) and ${leastAgreement} is needed`
  const reason = 'one of the two is wrong; look at the scan, or take a study with brainMask: template'
  throw new SequelaError(
    'scan_unsuitable',
    `The scan cannot be used: the brain that the network found ${numbers}; ${reason}.`,
  )
}

/**
 * Overlap of the scan's brain with the template's.
 * @throws SequelaError `scan_unsuitable` when they do not agree.
 */
export function checkOverlap(mask: Uint8Array, templateMask: Uint8Array): number {
  const dice = diceOf(mask, templateMask)
  if (dice >= leastDice) return dice
  const size = (some: Uint8Array) => some.reduce((sum, inside) => sum + inside, 0)
  const reason = reasonFor(size(mask) / size(templateMask))
  const numbers = `its brain overlaps the MNI152 template by ${dice.toFixed(3)} (Dice) and needs ${leastDice.toFixed(3)}`
  throw new SequelaError('scan_unsuitable', `The scan cannot be used: ${numbers}; ${reason}.`)
}

/** @param ratio voxels of the scan that are not zero, for each voxel of the template's brain */
function reasonFor(ratio: number): string {
  if (ratio < 0.5)
    return 'little of it lies where a brain should be; register the scan to the template or check the file'
  if (ratio > 1.4) return 'much more than a brain is in the picture; remove the skull and set the background to 0'
  return 'register it to the template and remove the skull'
}
