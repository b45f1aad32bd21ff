// What is done to a scan's content, in order, and the name of exactly that: the same content under the same recipe gives
// the same bytes, so the two together name a cached result.

import { type Digest, sha256 } from '../../shared/digest.ts'
import { checkOverlap, maskOf } from './brain-mask.ts'
import { normalise } from './normalise.ts'
import { checkContent } from './quality.ts'
import { resample } from './resample.ts'
import { openScan } from './scan-file.ts'
import { createStudyGrid } from './study-grid.ts'
import { templateMaskOn } from './template.ts'

/** To be raised with every change that alters a prepared voxel; old results are then made again. */
const pipelineVersion = 3

export interface RecipeOptions {
  /** Voxels [depth, height, width]. */
  readonly grid: readonly [number, number, number]
  readonly spacingMm: number
  readonly template: 'mni152'
}

export interface Recipe {
  readonly digest: Digest
  /**
   * From a file's content to normalised voxels on the grid, 0 in the background.
   * @throws SequelaError `scan_unreadable` or `scan_unsuitable`
   */
  prepare(content: Uint8Array): { readonly voxels: Float32Array; readonly dice: number }
}

/** @throws SequelaError `file_unreadable` when the template's map is missing. */
export function createRecipe({ grid: shape, spacingMm, template }: RecipeOptions): Recipe {
  const grid = createStudyGrid(shape, spacingMm)
  const templateMask = templateMaskOn(grid)
  return {
    digest: sha256(JSON.stringify({ pipelineVersion, shape, spacingMm, template })),
    prepare: (content) => {
      const stored = openScan(content)
      checkContent(stored)
      const { voxels, coverage } = resample(stored, grid)
      const mask = maskOf(coverage)
      const dice = checkOverlap(mask, templateMask)
      return { voxels: normalise(voxels, mask), dice }
    },
  }
}
