import { expect, test } from 'vitest'
import type { HeadPicture } from './brain-network.ts'
import { brainBox, createFindBrain } from './network-brain.ts'
import { inTemplateSpace } from './register.ts'
import { fromEuler } from './rigid.ts'
import { compose, toStored, type Volume } from './volume.ts'

const [depth, height, width] = brainBox.shape
const at = (x: number, y: number, z: number): number => (z * height + y) * width + x

/** A dark block with a bright voxel near its left, front, upper corner, on the box's own grid. */
function blockWithCorner(): Volume {
  const voxels = new Float32Array(depth * height * width)
  for (let z = 40; z < 60; z++) {
    for (let y = 40; y < 80; y++) for (let x = 30; x < 50; x++) voxels[at(x, y, z)] = 50
  }
  voxels[at(31, 78, 58)] = 200
  return { ...brainBox, voxels }
}

test('a network sees a head from 0 to 1 with axes to the left, down and forwards, and its answer comes back in place', () => {
  const seen: HeadPicture[] = []
  const findBrain = createFindBrain((head) => {
    seen.push(head)
    return Uint8Array.from(head.picture, (value) => (value > 0 ? 1 : 0))
  })
  const scan = blockWithCorner()
  const brain = findBrain(toStored(scan), inTemplateSpace)
  // Resampling blurs by less than a voxel to either side.
  expect([at(30, 40, 40), at(49, 79, 59), at(31, 78, 58)].map((i) => brain[i])).toEqual([1, 1, 1])
  expect([at(28, 40, 40), at(30, 38, 40), at(30, 40, 38), at(51, 79, 59)].map((i) => brain[i])).toEqual([0, 0, 0, 0])
  const [head] = seen
  expect(head?.shape).toEqual([width, depth, height])
  const [left, down, forwards] = [width - 1 - 31, depth - 1 - 58, 78]
  expect(head?.picture.indexOf(1)).toBe((left * depth + down) * height + forwards)
  expect(head?.picture.reduce((least, value) => Math.min(least, value))).toBe(0)
})

test('a head that lies elsewhere is shown to the network where the template is', () => {
  const shown: number[] = []
  const findBrain = createFindBrain(({ picture }) => {
    shown.push(picture.indexOf(1))
    return new Uint8Array(picture.length)
  })
  const scan = blockWithCorner()
  const motion = fromEuler([0, 0, 0, 5, -7, 9], [0, 0, 0])
  findBrain(toStored(scan), inTemplateSpace)
  findBrain(toStored({ ...scan, affine: compose(motion, scan.affine) }), { ...inTemplateSpace, templateToScan: motion })
  expect(shown[1]).toBe(shown[0])
})

test('of what a network calls brain only the largest part is taken', () => {
  const findBrain = createFindBrain(({ picture }) => {
    // Two lines of voxels along the last axis, in different rows.
    return new Uint8Array(picture.length).fill(1, 10 * height, 10 * height + 9).fill(1, 90 * height, 90 * height + 20)
  })
  const brain = findBrain(toStored(blockWithCorner()), inTemplateSpace)
  expect(brain.reduce((sum, inside) => sum + inside, 0)).toBe(20)
})
