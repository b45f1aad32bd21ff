// The template's brain on a study's grid, from the map that ships with the program.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { RegistrationTemplates } from './register.ts'
import { resample } from './resample.ts'
import { decodeScan } from './scan-file.ts'
import type { StudyGrid } from './study-grid.ts'
import { type Affine, toStored, type Volume } from './volume.ts'

/** Share of brain in each voxel, 0 to 255, at 3 mm. @throws SequelaError `file_unreadable` when the map is missing. */
export function readTemplateBrain(): Volume {
  return readMap('brain')
}

/** Brightness of grey matter, white matter and fluid in a picture that scans are registered to, T1-like. */
const brightness = { gray: 0.6, white: 0.9, fluid: 0.25 } as const

/**
 * The template's brain as a picture at 3 mm, out of its tissue maps. Mutual information does not ask that a scan be as bright
 * in the same places, so one picture serves T1, T2 and FLAIR.
 * @throws SequelaError `file_unreadable` as above.
 */
export function readTemplatePicture(): Volume {
  const [brain, gray, white] = [readMap('brain'), readMap('gm'), readMap('wm')]
  const voxels = brain.voxels.map((share, i) => {
    const [g, w] = [gray.voxels[i] ?? 0, white.voxels[i] ?? 0]
    return brightness.gray * g + brightness.white * w + brightness.fluid * Math.max(0, share - g - w)
  })
  return { ...brain, voxels }
}

/** The template's brain grown by one voxel of 3 mm: 255 where it or a neighbour is mostly brain, else 0. */
export function readTemplateMask(): Volume {
  const brain = readTemplateBrain()
  const [depth, height, width] = brain.shape
  const isBrain = (z: number, y: number, x: number): boolean =>
    z >= 0 &&
    y >= 0 &&
    x >= 0 &&
    z < depth &&
    y < height &&
    x < width &&
    (brain.voxels[(z * height + y) * width + x] ?? 0) >= 127.5
  const voxels = new Float32Array(brain.voxels.length)
  let at = 0
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const near = [0, -1, 1].some(
          (step) => isBrain(z + step, y, x) || isBrain(z, y + step, x) || isBrain(z, y, x + step),
        )
        if (near) voxels[at] = 255
      }
    }
  }
  return { ...brain, voxels }
}

/** All that registration needs. @throws SequelaError `file_unreadable` as above. */
export function readRegistrationTemplates(): RegistrationTemplates {
  return { brain: readTemplatePicture(), head: readMap('head'), mask: readTemplateMask() }
}

function readMap(name: 'brain' | 'gm' | 'head' | 'wm'): Volume {
  try {
    return decodeScan(readFileSync(join(import.meta.dirname, 'templates', `mni152-${name}-3mm.nii.gz`)))
  } catch (cause) {
    throw new SequelaError('file_unreadable', 'A map of the template cannot be read; install the program again.', {
      cause,
    })
  }
}

/**
 * 1 where at least half of a voxel of the grid is brain.
 * @param motion from mm of the grid to mm of the template; absent where both are in one space
 * @throws SequelaError `file_unreadable` as above.
 */
export function templateMaskOn(grid: StudyGrid, motion?: Affine): Uint8Array {
  const { voxels } = resample(toStored(readTemplateBrain()), grid, motion)
  return Uint8Array.from(voxels, (share) => (share >= 127.5 ? 1 : 0))
}
