// What is done to a scan's content, in order, and the name of exactly that: the same content under the same recipe gives
// the same bytes, so the two together name a cached result.

import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { biasFieldOf, withoutBias } from './bias-field.ts'
import { type BrainMask, brainMaskOn, checkOverlap } from './brain-mask.ts'
import { normalise } from './normalise.ts'
import { checkContent, diceOf } from './quality.ts'
import { inTemplateSpace, type Registration } from './register.ts'
import { resample } from './resample.ts'
import { openScan } from './scan-file.ts'
import { createStudyGrid, type StudyGrid } from './study-grid.ts'
import { readTemplateMask, templateMaskOn } from './template.ts'
import { type StoredVolume, toStored } from './volume.ts'

/** Voxel size at which the bias field is found: finer says no more, coarser mixes tissues. */
const biasSpacingMm = 3

/** To be raised with every change that alters a prepared voxel; old results are then made again. */
const pipelineVersion = 3

export interface RecipeOptions {
  /** Voxels [depth, height, width]. */
  readonly grid: readonly [number, number, number]
  readonly spacingMm: number
  readonly template: 'mni152'
  /** `none`: scans lie in template space already, which is verified. */
  readonly registration: 'rigid' | 'none'
  /** `foreground`: what is not 0, for scans without their skulls. `template`: of that, the template's brain. */
  readonly brainMask: BrainMask
  /** `n3`: what coils make brighter near to them is taken out (bias-field.ts). */
  readonly biasCorrection: 'none' | 'n3'
}

/** Normalised voxels on the grid, 0 in the background. */
export interface PreparedVoxels {
  readonly voxels: Float32Array
  /** Overlap of the brain mask with the template's. */
  readonly dice: number
}

export interface Recipe {
  readonly digest: Digest
  /**
   * From a file's content to normalised voxels. @throws SequelaError `scan_unreadable` or `scan_unsuitable`
   * @param registration where the scan lies; absent for data in template space
   */
  prepare(content: Uint8Array, registration?: Registration): PreparedVoxels
  /** The same for a scan that is open, and whose content was looked at. */
  prepareOpened(scan: StoredVolume, registration: Registration): PreparedVoxels
}

/** @throws SequelaError `file_unreadable` when the template's map is missing. */
export function createRecipe(options: RecipeOptions): Recipe {
  const { grid: shape, spacingMm, template, registration: kind, brainMask, biasCorrection } = options
  const grid = createStudyGrid(shape, spacingMm)
  const biasGrid = createStudyGrid(atSpacing(shape, spacingMm), biasSpacingMm)
  const templateMask = templateMaskOn(grid)
  const grownMask = toStored(readTemplateMask())
  // What studies without registration were named before there was any stays their name.
  const named = {
    ...(kind === 'none' && brainMask === 'foreground' ? {} : { kind, brainMask }),
    ...(biasCorrection === 'none' ? {} : { biasCorrection }),
  }
  const evenly = (scan: StoredVolume, registration: Registration, { voxels, mask }: Masked): Float32Array => {
    if (biasCorrection === 'none') return voxels
    const found = maskedOn(scan, registration, biasGrid)
    const field = biasFieldOf(found.voxels, found.mask, biasGrid)
    return field === undefined ? voxels : withoutBias(field, voxels, mask, grid)
  }
  const maskedOn = (scan: StoredVolume, registration: Registration, on: StudyGrid): Masked => {
    const { voxels, coverage } = resample(scan, on, kind === 'none' ? undefined : registration.templateToScan)
    return { voxels, mask: brainMaskOn(brainMask, coverage, { templateMask: grownMask, grid: on, registration }) }
  }
  const prepareOpened = (scan: StoredVolume, registration: Registration): PreparedVoxels => {
    if (brainMask === 'foreground' && registration.anatomy === 'head') throw wholeHead()
    const masked = maskedOn(scan, registration, grid)
    const { mask } = masked
    // A registered head keeps its own size, so its overlap was judged where the template was stretched to it.
    const dice = kind === 'none' ? checkOverlap(mask, templateMask) : diceOf(mask, templateMask)
    return { voxels: normalise(evenly(scan, registration, masked), mask), dice }
  }
  return {
    digest: sha256(JSON.stringify({ pipelineVersion, shape, spacingMm, template, ...named })),
    prepare: (content, registration = inTemplateSpace) => {
      const scan = openScan(content)
      checkContent(scan)
      return prepareOpened(scan, registration)
    },
    prepareOpened,
  }
}

interface Masked {
  readonly voxels: Float32Array
  readonly mask: Uint8Array
}

/** Voxels of `biasSpacingMm` that fill the grid's box. */
function atSpacing(shape: RecipeOptions['grid'], spacingMm: number): [number, number, number] {
  const along = (axis: 0 | 1 | 2): number => Math.ceil((shape[axis] * spacingMm) / biasSpacingMm)
  return [along(0), along(1), along(2)]
}

function wholeHead(): SequelaError {
  const reason = 'it shows a whole head, and the study takes brains only (brainMask: foreground); remove the skull'
  return new SequelaError('scan_unsuitable', `The scan cannot be used: ${reason}.`)
}
