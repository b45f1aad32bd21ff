// What a network says is brain, in a box around the template's head: the scan brought there at 1 mm, as the network was trained.

import type { FindBrainVoxels } from './brain-network.ts'
import { largestPart } from './largest-part.ts'
import type { Registration } from './register.ts'
import { resample } from './resample.ts'
import { createStudyGrid } from './study-grid.ts'
import type { StoredVolume } from './volume.ts'

/** 176 × 224 × 192 mm: an adult's head above the neck. Multiples of 16, the widest dilation; 454 MB at 15 channels. */
export const brainBox = createStudyGrid([192, 224, 176], 1)

/** To be raised with every change of what is shown to a network or made of its answer. */
export const networkBrainVersion = 1

/** 1 where a network finds brain, else 0, in `brainBox`, [depth, height, width]. */
export type FindBrain = (scan: StoredVolume, registration: Registration) => Uint8Array

export function createFindBrain(findVoxels: FindBrainVoxels): FindBrain {
  return (scan, { templateToScan }) => {
    const { voxels } = resample(scan, brainBox, templateToScan)
    const found = findVoxels({ picture: toConformed(fromZeroToOne(voxels)), shape: conformedShape })
    return largestPart(fromConformed(found), brainBox.shape)
  }
}

function fromZeroToOne(voxels: Float32Array): Float32Array {
  let [least, most] = [Infinity, -Infinity]
  for (const value of voxels) {
    if (value < least) least = value
    if (value > most) most = value
  }
  const scale = most > least ? 1 / (most - least) : 0
  return voxels.map((value) => (value - least) * scale)
}

const [boxDepth, boxHeight, boxWidth] = brainBox.shape
/** FreeSurfer's order, in which such networks are trained: to the left, down, forwards. */
const conformedShape = [boxWidth, boxDepth, boxHeight] as const

/** From [z, y, x] of the box to that order. */
function toConformed(voxels: Float32Array): Float32Array {
  const result = new Float32Array(voxels.length)
  eachVoxel((inBox, conformed) => {
    result[conformed] = voxels[inBox] as number
  })
  return result
}

function fromConformed(mask: Uint8Array): Uint8Array {
  const result = new Uint8Array(mask.length)
  eachVoxel((inBox, conformed) => {
    result[inBox] = mask[conformed] as number
  })
  return result
}

function eachVoxel(visit: (inBox: number, conformed: number) => void): void {
  let conformed = 0
  for (let x = boxWidth - 1; x >= 0; x--) {
    for (let z = boxDepth - 1; z >= 0; z--) {
      for (let y = 0; y < boxHeight; y++) visit((z * boxHeight + y) * boxWidth + x, conformed++)
    }
  }
}
