// What is done to a scan's content, in order, and the name of exactly that: the same content under the same recipe gives
// the same bytes, so the two together name a cached result.

import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { biasFieldOf, withoutBias } from './bias-field.ts'
import {
  type BrainMask,
  brainMaskOn,
  checkAgreement,
  checkOverlap,
  networkMask,
  toFittedTemplate,
} from './brain-mask.ts'
import { networkBrainVersion } from './network-brain.ts'
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
  /** `foreground`: what is not 0, for scans without their skulls. Of that, `template`: the template's brain, `network`: what one finds. */
  readonly brainMask: BrainMask
  /** Of `network`: where it lies on this machine, its digest (brain-network-file.ts), and threads that it may use. */
  readonly brainNetwork?: { readonly file: string; readonly digest: Digest; readonly threads: number }
  /** `n3`: what coils make brighter near to them is taken out (bias-field.ts). */
  readonly biasCorrection: 'none' | 'n3'
}

/** Normalised voxels on the grid, 0 in the background. */
export interface PreparedVoxels {
  readonly voxels: Float32Array
  /** Overlap of the brain mask with the template's. */
  readonly dice: number
  /** Of `network`: overlap of what it found with the template's brain, stretched to this head. */
  readonly agreement?: number
}

export interface Recipe {
  readonly digest: Digest
  /**
   * From a file's content to normalised voxels. @throws SequelaError `scan_unreadable` or `scan_unsuitable`
   * @param registration where the scan lies; absent for data in template space
   */
  prepare(content: Uint8Array, registration?: Registration): PreparedVoxels
  /**
   * The same for a scan that is open, and whose content was looked at.
   * @param brain of `network`: what it found, in `brainBox`
   */
  prepareOpened(scan: StoredVolume, registration: Registration, brain?: Uint8Array): PreparedVoxels
}

/** @throws SequelaError `file_unreadable` when the template's map is missing. */
export function createRecipe(options: RecipeOptions): Recipe {
  const { grid: shape, spacingMm, template, registration: kind, brainMask, biasCorrection } = options
  const { brainNetwork } = options
  const grid = createStudyGrid(shape, spacingMm)
  const biasGrid = createStudyGrid(atSpacing(shape, spacingMm), biasSpacingMm)
  const templateMask = templateMaskOn(grid)
  const grownMask = toStored(readTemplateMask())
  // What studies without registration were named before there was any stays their name.
  const named = {
    ...(kind === 'none' && brainMask === 'foreground' ? {} : { kind, brainMask }),
    ...(biasCorrection === 'none' ? {} : { biasCorrection }),
    ...(brainMask === 'network' ? { brainNetwork: brainNetwork?.digest, networkBrainVersion } : {}),
  }
  const evenly = (scan: StoredVolume, place: Place, { voxels, mask }: Masked): Float32Array => {
    if (biasCorrection === 'none') return voxels
    const found = maskedOn(scan, place, biasGrid)
    const field = biasFieldOf(found.voxels, found.mask, biasGrid)
    return field === undefined ? voxels : withoutBias(field, voxels, mask, grid)
  }
  const maskedOn = (scan: StoredVolume, place: Place, on: StudyGrid): Masked => {
    const { voxels, coverage } = resample(scan, on, kind === 'none' ? undefined : place.registration.templateToScan)
    return { voxels, mask: brainMaskOn(brainMask, coverage, { templateMask: grownMask, grid: on, ...place }) }
  }
  const prepareOpened = (scan: StoredVolume, registration: Registration, brain?: Uint8Array): PreparedVoxels => {
    if (brainMask === 'foreground' && registration.anatomy === 'head') throw wholeHead()
    const place: Place = { registration, brain }
    const masked = maskedOn(scan, place, grid)
    const { mask } = masked
    const agreement =
      brain && checkAgreement(networkMask(brain, grid), templateMaskOn(grid, toFittedTemplate(registration)))
    // A registered head keeps its own size, so its overlap was judged where the template was stretched to it.
    const dice = kind === 'none' ? checkOverlap(mask, templateMask) : diceOf(mask, templateMask)
    const voxels = normalise(evenly(scan, place, masked), mask)
    return { voxels, dice, ...(agreement === undefined ? {} : { agreement }) }
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

/** Where a scan lies, and where a network found its brain. */
interface Place {
  readonly registration: Registration
  readonly brain: Uint8Array | undefined
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
