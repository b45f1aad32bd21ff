import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { presets } from '../shared/model/presets.ts'
import { seededRandom } from '../shared/random.ts'
import { localRise } from './local-rise.ts'

const folder = mkdtempSync(join(tmpdir(), 'local-rise-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const [depth, height, width] = presets.tiny.grid
const texture = seededRandom('texture')
const brain = Float32Array.from({ length: depth * height * width }, () => texture.normal())

/** A brain of fixed texture with noise of its own, a contrast of its own, and cubes of an edge of voxels brightened. */
function scan(name: string, contrast: number, ...cubes: { readonly at: number; readonly edge: number }[]): string {
  const random = seededRandom(name)
  const volume = Float32Array.from(brain, (value) => contrast * (value + 0.05 * random.normal()))
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const i = (z * height + y) * width + x
        const within = ({ at, edge }: { at: number; edge: number }): boolean =>
          [z, y, x].every((place) => place >= at && place < at + edge)
        if (cubes.some(within)) volume[i] = (volume[i] ?? 0) + 3 * contrast
        if ([z, y, x].some((place) => place < 2 || place > 21)) volume[i] = 0
      }
    }
  }
  const file = join(folder, `${name}.f32`)
  writeFileSync(file, new Uint8Array(volume.buffer))
  return file
}

const scar = { at: 4, edge: 4 }

test('a spot that grows counts, one that stays and a change of contrast do not', () => {
  const [first, second] = [scan('a', 1, scar), scan('b', 1.3, scar)]
  const [quiet = 0] = localRise(presets.tiny.grid, [first, second, scan('c', 0.8, scar)])
  const [grown = 0] = localRise(presets.tiny.grid, [first, second, scan('d', 0.8, scar, { at: 12, edge: 4 })])
  expect(grown - quiet).toBeGreaterThan(1)
})

test('a spot that goes is a fall and no rise', () => {
  const [before, after] = [scan('e', 1, scar), scan('f', 1)]
  const [rise = 0, fall = 0] = localRise(presets.tiny.grid, [before, after])
  expect(fall - rise).toBeGreaterThan(1)
})

test('one scan says nothing', () => {
  expect(localRise(presets.tiny.grid, [scan('g', 1, scar)])).toEqual([0, 0])
})
