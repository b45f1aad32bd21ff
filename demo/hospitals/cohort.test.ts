import { describe, expect, test } from 'vitest'
import { landmarkLabel } from './child.ts'
import { childAnatomy } from './child-painter.ts'
import { type ChildPlan, type CohortPlan, drawCourse, hospitalScanners, landmarkVisit, planChildren } from './cohort.ts'
import { drawIdentity } from './identity.ts'
import { ballTemplate } from './testsupport/ball.ts'

const plan: CohortPlan = {
  seed: 'cohort',
  sites: ['east', 'west', 'north'],
  childrenPerSite: 10,
  testChildren: 40,
  knownOutcomes: 1,
}

describe('a cohort', () => {
  test('has the children that were asked for, a quarter of the test children from an unseen hospital', () => {
    const children = planChildren(plan)
    const sizes = Map.groupBy(children, ({ hospital, test }) => `${hospital}${test ? ' (test)' : ''}`)
    expect(Object.fromEntries([...sizes].map(([name, { length }]) => [name, length]))).toEqual({
      east: 10,
      west: 10,
      north: 10,
      'east (test)': 10,
      'west (test)': 10,
      'north (test)': 10,
      'unseen (test)': 10,
    })
  })

  test('draws a child alike whoever else is in it', () => {
    const [few] = planChildren({ ...plan, sites: ['west'], childrenPerSite: 1 })
    const same = planChildren(plan).find(({ hospital, index, test }) => hospital === 'west' && index === 0 && !test)
    if (few === undefined || same === undefined) throw new Error('both plans have the child')
    expect(drawCourse(few)).toEqual(drawCourse(same))
    expect(drawIdentity(few, drawCourse(few))).toEqual(drawIdentity(same, drawCourse(same)))
  })

  test('gives no two children the same anatomy, be they of one fold or of two', () => {
    const template = ballTemplate()
    const brainOf = (child: ChildPlan): string => childAnatomy(child, template).shares.join()
    const several = planChildren({ ...plan, childrenPerSite: 3, testChildren: 8 })
    const brains = several.map(brainOf)
    expect(new Set(brains).size).toBe(several.length)
    const alone = planChildren({ ...plan, sites: ['west'], childrenPerSite: 1, testChildren: 0 }).map(brainOf)
    expect(alone).toEqual([brains[several.findIndex(({ hospital, test }) => hospital === 'west' && !test)]])
  })

  test('draws everything anew under another seed', () => {
    const names = (seed: string): string[] =>
      planChildren({ ...plan, seed }).map((child) => drawIdentity(child, drawCourse(child)).participant)
    const both = [...names('one'), ...names('two')]
    expect(new Set(both).size).toBe(both.length)
    expect(hospitalScanners('one', 'east')).not.toEqual(hospitalScanners('two', 'east'))
  })

  test('shows six visits of every test child, with a decided answer at the sixth', () => {
    for (const child of planChildren(plan).filter(({ test }) => test)) {
      const course = drawCourse(child)
      expect(course.days).toHaveLength(6)
      expect(landmarkLabel(course, landmarkVisit)).toBeDefined()
    }
  })

  test('knows the outcomes of a share of the children, more of the same ones as the share rises', () => {
    const known = (share: number): string[] =>
      planChildren({ ...plan, childrenPerSite: 200, knownOutcomes: share })
        .filter(({ outcomeKnown, test }) => outcomeKnown && !test)
        .map(({ hospital, index }) => `${hospital} ${index}`)
    expect(known(0)).toEqual([])
    expect(known(0.4).length / 600).toBeCloseTo(0.4, 1)
    expect(known(1)).toHaveLength(600)
    expect(known(0.7)).toEqual(expect.arrayContaining(known(0.4)))
  })
})
