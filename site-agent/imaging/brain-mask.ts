// Where the brain is in a skull-stripped scan on the study's grid, and whether it lies where the template's does.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { diceOf, leastCoverage, leastDice } from './quality.ts'
import type { Registration } from './register.ts'
import { resample } from './resample.ts'
import type { StudyGrid } from './study-grid.ts'
import { type Affine, compose, invert, type StoredVolume } from './volume.ts'

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
  const { templateToScan, fitted } = registration
  // mm of the grid → mm of the scan → mm of the template as it was stretched onto the scan.
  const toTemplate: Affine = compose(invert(fitted), templateToScan)
  return Uint8Array.from(resample(templateMask, grid, toTemplate).coverage, (share) => (share >= leastCoverage ? 1 : 0))
}

/** How a study finds the brain; see the recipe. */
export type BrainMask = 'foreground' | 'template'

/**
 * The brain on a grid: 1 in it, 0 elsewhere.
 * @param coverage share of each voxel of the grid in which the scan is not zero
 * @param templateMask 255 in the brain, in template space
 */
export function brainMaskOn(
  kind: BrainMask,
  coverage: Float32Array,
  { templateMask, grid, registration }: MaskPlace,
): Uint8Array {
  const foreground = maskOf(coverage)
  if (kind === 'foreground') return foreground
  const fitted = fittedMask(templateMask, grid, registration)
  return foreground.map((inside, i) => inside & (fitted[i] as number))
}

interface MaskPlace {
  readonly templateMask: StoredVolume
  readonly grid: StudyGrid
  readonly registration: Registration
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
