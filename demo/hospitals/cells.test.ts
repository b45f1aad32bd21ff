import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { loadTemplate, refined } from './anatomy.ts'
import { densityAt, growCells } from './cells.ts'
import { drawGrowingChild } from './child.ts'
import { eventMm3 } from './lesion.ts'
import { drawSurgery } from './surgery.ts'
import { visibleMm3 } from './tumour-growth.ts'

const anatomy = loadTemplate()

/** A child whose tumour comes back, seen on the day of the event as well. */
function relapsing(seed: string) {
  const random = seededRandom(seed)
  for (;;) {
    const child = drawGrowingChild(random)
    if (child.trueEventDay === undefined) continue
    const site = drawSurgery(random, anatomy, child.healing.cavityMm3[0] ?? 0)
    const days = [...child.days, child.trueEventDay]
    return { child: { ...child, days }, cells: growCells(anatomy, site, { ...child, days }, 0.5), site }
  }
}

describe('cells of a tumour', () => {
  test('are seen to measure the volume of an event on its day, and less at every visit before', () => {
    for (const seed of ['one', 'two']) {
      const { cells } = relapsing(seed)
      const volumes = cells.map((block) => visibleMm3(block, block.spacingMm))
      expect((volumes.at(-1) ?? 0) / eventMm3).toBeCloseTo(1, 1)
      expect(Math.max(...volumes.slice(0, -1))).toBeLessThan(eventMm3)
      expect(volumes).toEqual(volumes.toSorted((a, b) => a - b))
    }
  })

  test('are densest about the remnant and absent far from it', () => {
    const { cells, site } = relapsing('place')
    const last = cells.at(-1)
    if (last === undefined) throw new RangeError('there is a visit')
    const [x, y, z] = site.lesionMm
    const near = [0, 2, 4].map((mm) => densityAt(last, x + mm, y, z))
    expect(Math.max(...near)).toBeGreaterThan(0.1)
    expect(densityAt(last, x + 24, y, z)).toBeLessThan(0.01)
    expect(densityAt(last, x + 60, y, z)).toBe(0)
  })

  test('are none in a child whose tumour stays away', () => {
    const { child, site } = relapsing('none')
    const { spread: _, ...stable } = child.lesion
    expect(growCells(anatomy, site, { ...child, lesion: stable }, 0.5)).toEqual([])
  })
})

test('a refined template holds the same tissue on finer voxels', () => {
  const fine = refined(anatomy, 2)
  expect(fine.grid.spacingMm).toBe(2)
  const volume = ({ grid, shares }: typeof fine): number =>
    grid.spacingMm ** 3 * shares.reduce((sum, share, i) => sum + (i % 3 === 1 ? share : 0), 0)
  expect(volume(fine) / volume(anatomy)).toBeCloseTo(1, 1)
})
