import { describe, expect, test } from 'vitest'
import { loadTemplate } from './anatomy.ts'
import { childPainter } from './child-painter.ts'
import { childRandom, drawCourse, planChildren } from './cohort.ts'
import { drawSpots } from './spots.ts'
import { drawSurgery, sphereRadiusMm } from './surgery.ts'

const template = loadTemplate()
const plans = planChildren({
  kind: 'hardened',
  seed: 'spots',
  sites: ['east'],
  childrenPerSite: 40,
  testChildren: 0,
  knownOutcomes: 1,
})

describe('spots', () => {
  const spotted = plans.map((plan) => {
    const child = drawCourse(plan)
    const cavityMm3 = child.healing.cavityMm3[0] ?? 0
    const site = drawSurgery(childRandom(plan, 'surgery'), template, cavityMm3)
    const spots = drawSpots(childRandom(plan, 'spots'), template, site, cavityMm3, child.days, true)
    return { child, site, cavityMm3, spots }
  })

  test('lie well away from the cavity, where tumours come back', () => {
    for (const { site, cavityMm3, spots } of spotted) {
      for (const { centreMm } of spots) {
        const distance = Math.hypot(...centreMm.map((x, axis) => x - (site.cavityMm[axis] ?? 0)))
        expect(distance).toBeGreaterThanOrEqual(sphereRadiusMm(cavityMm3) + 15)
      }
    }
  })

  test('change their volume by as much in children who stay well as in those who do not', () => {
    const change = spotted.map(({ child, spots }) => {
      const volume = (visit: number): number => spots.reduce((sum, { radiiMm }) => sum + (radiiMm[visit] ?? 0) ** 3, 0)
      return { recurrent: child.recurrent, grows: volume(child.days.length - 1) > volume(0) }
    })
    for (const recurrent of [true, false]) {
      const group = change.filter((one) => one.recurrent === recurrent)
      const growing = group.filter(({ grows }) => grows).length / group.length
      expect(growing).toBeGreaterThan(0.25)
      expect(growing).toBeLessThan(0.75)
    }
  })

  test('show in the picture, and not in that of a child of the demo', () => {
    const plan = plans[0]
    if (plan === undefined) throw new RangeError('a child is planned')
    const bright = (kind: 'demo' | 'hardened'): number => {
      const course = { ...drawCourse(plan), lesion: { kind: 'trace', radiiMm: [0], transient: false } as const }
      const image = childPainter({ ...plan, kind }, course, template)(0)
      return image.reduce((count, value) => count + (value > 1.25 ? 1 : 0), 0)
    }
    expect(bright('hardened')).toBeGreaterThan(bright('demo') + 20)
  })
})
