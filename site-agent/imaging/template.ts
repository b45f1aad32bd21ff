// The template's brain on a study's grid, from the map that ships with the program.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { resample } from './resample.ts'
import { decodeScan } from './scan-file.ts'
import type { StudyGrid } from './study-grid.ts'
import { toStored, type Volume } from './volume.ts'

const brainMap = join(import.meta.dirname, 'templates', 'mni152-brain-3mm.nii.gz')

/** Share of brain in each voxel, 0 to 255, at 3 mm. @throws SequelaError `file_unreadable` when the map is missing. */
export function readTemplateBrain(): Volume {
  try {
    return decodeScan(readFileSync(brainMap))
  } catch (cause) {
    throw new SequelaError('file_unreadable', 'The template brain map cannot be read; install the program again.', {
      cause,
    })
  }
}

/** 1 where at least half of a voxel of the grid is brain. @throws SequelaError `file_unreadable` as above. */
export function templateMaskOn(grid: StudyGrid): Uint8Array {
  return Uint8Array.from(resample(toStored(readTemplateBrain()), grid).voxels, (share) => (share >= 127.5 ? 1 : 0))
}
