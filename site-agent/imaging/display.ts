// A scan as people look at it: resampled once from its own voxels to a finer grid in template space, with the brain's
// outline as the study finds it. For pages at the site; training never sees it.

import { type BrainMask, brainMaskOn } from './brain-mask.ts'
import type { Registration } from './register.ts'
import { resample } from './resample.ts'
import { openScan } from './scan-file.ts'
import { createStudyGrid, type StudyGrid } from './study-grid.ts'
import { readTemplateMask } from './template.ts'
import { toStored } from './volume.ts'

/** In mm along z, y, x: a large head with its skull. */
const extentMm = [208, 240, 192] as const
/** Shares of the brain's voxels that come out as black and as white. */
const [blackShare, whiteShare] = [0.005, 0.995]

export interface DisplayVolume {
  readonly grid: StudyGrid
  /** Brightness from 0 to 255, [depth, height, width] in RAS order; the same scale all over the scan. */
  readonly brightness: Uint8Array
  /** 1 in the brain, same order. */
  readonly mask: Uint8Array
}

export interface DisplayOptions {
  /** Edge of a voxel of the picture; 1.5 to 2 is what a screen needs. */
  readonly spacingMm: number
  readonly brainMask: BrainMask
  /** Of `network`: what it found, as it was kept. */
  readonly brain?: Uint8Array | undefined
}

/**
 * @param content of the scan's file, as prepared volumes were made from
 * @param registration as `PreparedVolumes.prepare` gave it
 * @throws SequelaError `scan_unreadable`, `scan_unsuitable`; `file_unreadable` when the template's map is missing
 */
export function displayVolume(
  content: Uint8Array,
  registration: Registration,
  { spacingMm, brainMask, brain }: DisplayOptions,
): DisplayVolume {
  const grid = displayGrid(spacingMm)
  const { voxels, coverage } = resample(openScan(content), grid, registration.templateToScan)
  const templateMask = toStored(readTemplateMask())
  const mask = brainMaskOn(brainMask, coverage, { templateMask, grid, registration, brain })
  return { grid, brightness: toBrightness(voxels, mask), mask }
}

/** A grid around the whole head. */
export function displayGrid(spacingMm: number): StudyGrid {
  const [depth, height, width] = extentMm
  const count = (mm: number): number => Math.round(mm / spacingMm)
  return createStudyGrid([count(depth), count(height), count(width)], spacingMm)
}

function toBrightness(voxels: Float32Array, mask: Uint8Array): Uint8Array {
  const sorted = voxels.filter((_, i) => mask[i] === 1).toSorted()
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const [black, white] = [Math.min(0, at(blackShare)), at(whiteShare)]
  const scale = white > black ? 255 / (white - black) : 0
  return Uint8Array.from(voxels, (value) => Math.max(0, Math.min(255, Math.round((value - black) * scale))))
}
