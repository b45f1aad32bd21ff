import { describe, expect, test } from 'vitest'
import { visitExposure } from './child-painter.ts'
import { type CohortPlan, drawCourse, planChildren } from './cohort.ts'
import { drawIdentity } from './identity.ts'

const plan: CohortPlan = {
  seed: 'leaks',
  sites: ['east', 'west', 'north', 'south'],
  childrenPerSite: 100,
  testChildren: 200,
  knownOutcomes: 1,
}

const visitsOf = (planned: CohortPlan) =>
  planChildren(planned).map((child) => {
    const course = drawCourse(child)
    const { sessions } = drawIdentity(child, course)
    return sessions.map(({ session, acquiredAt }, visit) => ({
      session,
      acquiredAt,
      ...visitExposure(child, visit),
    }))
  })
const children = visitsOf(plan)

type Visit = (typeof children)[number][number]

/** Share of pairs of visits of one child in which the later one has the larger value, ties counting half. */
function laterIsLarger(property: (visit: Visit) => number | string, of = children): number {
  let [larger, pairs] = [0, 0]
  for (const visits of of) {
    for (const [i, later] of visits.entries()) {
      for (const earlier of visits.slice(0, i)) {
        const [a, b] = [property(earlier), property(later)]
        larger += b > a ? 1 : b === a ? 0.5 : 0
        pairs++
      }
    }
  }
  return larger / pairs
}

describe('the order of visits', () => {
  test.each<[string, (visit: Visit) => number | string]>([
    ['the name of the visit', ({ session }) => session],
    ['the time of day', ({ acquiredAt }) => acquiredAt.slice(11)],
    ['the number of the scanner', ({ scannerIndex }) => scannerIndex],
    ['the contrast', ({ scanner }) => scanner.contrast[0]],
    ['the gamma', ({ scanner }) => scanner.gamma],
    ['the bias field', ({ bias }) => bias[0] ?? 0],
    ['the noise', ({ scanner }) => scanner.noise],
    ['the field strength', ({ scanner }) => scanner.teslas],
    ['the turn of the head', ({ rotation }) => rotation[2]],
    ['the shift of the head', ({ shiftMm }) => shiftMm[0]],
    ['the axes', ({ scanner }) => scanner.storage.axes],
    ['the number type', ({ scanner }) => scanner.storage.datatype],
    ['the slope', ({ scanner }) => scanner.storage.slope],
    ['the intercept', ({ scanner }) => scanner.storage.intercept],
    ['compression', ({ scanner }) => Number(scanner.storage.gzip)],
  ])('cannot be told from %s', (_, property) => {
    expect(Math.abs(laterIsLarger(property) - 0.5)).toBeLessThan(0.03)
  })

  test('can be told from the time of the scan, which lies before 1925', () => {
    expect(laterIsLarger(({ acquiredAt }) => acquiredAt)).toBe(1)
    expect(children.flat().every(({ acquiredAt }) => acquiredAt < '1925')).toBe(true)
  })
})

test('scanners that are replaced over time do tell the order: the arm that an audit of shortcuts must see', () => {
  const upgraded = visitsOf({ ...plan, scanners: 'upgraded' })
  expect(laterIsLarger(({ scannerIndex }) => scannerIndex, upgraded)).toBeGreaterThan(0.65)
})
