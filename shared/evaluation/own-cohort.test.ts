import { describe, expect, test } from 'vitest'
import { censoringCurveFor } from './answer.ts'
import { decided } from './censoring.ts'
import type { DecidedLandmark } from './landmark.ts'
import { ownCohort } from './own-cohort.ts'
import { allPairSums, type EmbeddedScan, pairSums } from './pair-accuracy.ts'
import { nothingPooled } from './pooled.ts'
import { horizonDays, simulatedSites } from './testsupport/simulated-landmarks.ts'

const [site] = simulatedSites([80], { seed: 'own-cohort' }).values()
if (site === undefined) throw new Error('there is a site')
const judged = decided(site.test, horizonDays, censoringCurveFor(site.followUp, nothingPooled, horizonDays))

test('scans and follow-up are of the children that are judged, with the scans at which nothing is decided', () => {
  const children = [...new Set(judged.map(({ child }) => child))]
  expect(children.length).toBeLessThan(new Set(site.test.map(({ child }) => child)).size)
  const theirs = site.test.filter(({ child }) => children.includes(child))
  const { scans, follow_up_days } = ownCohort(judged, site.test, site.scans.test, 5)
  expect(scans).toEqual({ value: theirs.length, error: null })
  expect(theirs.length).toBeGreaterThan(judged.length)
  const ends = children
    .map((child) => theirs.find((row) => row.child === child))
    .map((row) => (row?.day ?? 0) + (row?.timeDays ?? 0))
  expect(follow_up_days?.value).toBeCloseTo(ends.reduce((a, b) => a + b, 0) / children.length, 8)
})

test('pair accuracy is over the gaps that enough children have, clustered by child', () => {
  const scan = (child: string, day: number, progression: number): EmbeddedScan => ({
    ...{ child, day, progression, event: false, embedding: [] },
  })
  const children = ['a', 'b', 'c', 'd']
  // Each child has a pair of 30 days; one has another of more than a year, which is wrong and may not be told.
  const scans = [
    ...children.flatMap((child, index) => [scan(child, 0, 0), scan(child, 30, index < 3 ? 1 : -1)]),
    scan('a', 900, -5),
  ]
  expect(pairSums(scans, 3).map(({ level }) => level)).toEqual(['under 90 days'])
  expect(allPairSums(scans, 3)).toMatchObject({ children: 4, right: 3, total: 4 })
  expect(allPairSums(scans, 5)).toBe(null)
  const sums = allPairSums(site.scans.test, 5)
  const levels = pairSums(site.scans.test, 5).filter(({ level }) => !level.startsWith('children'))
  expect(sums?.total).toBe(levels.reduce((total, one) => total + one.sums.total, 0))
  // More than the sum over classes, as the pairs of a child hang together.
  expect(sums?.totalSquared).toBeGreaterThan(levels.reduce((total, one) => total + one.sums.totalSquared, 0))
})

describe('children with a competing event, or with a change of treatment, are told of', () => {
  /** Children of whom the first have an event, the next a competing one; the last ones changed treatment. */
  const told = (children: number, events: number, competing: number, changed: number) => {
    const rows = Array.from({ length: children }, (_, index): DecidedLandmark => {
      const outcome = index < events ? 1 : 0
      return {
        ...{ child: `${index}`, visits: 1, day: 0, timeDays: 400, event: outcome === 1, risk: 0.5, riskByShown: [] },
        ...{ groups: {}, outcome, weight: 1 },
        course: {
          competing: index >= events && index < events + competing,
          treatmentChanged: index >= children - changed,
        },
      }
    })
    const { competing_events, treatment_changes } = ownCohort(rows, rows, [], 5)
    return [competing_events?.value, treatment_changes?.value]
  }

  test.each([
    ['where there are enough, and enough of the others', [20, 6, 5, 7], [5, 7]],
    ['not where there are few', [20, 6, 4, 4], [undefined, undefined]],
    ['not where there are none', [20, 6, 0, 0], [undefined, undefined]],
    [
      'not where few have neither that nor an event, nor where few kept their treatment',
      [20, 10, 8, 16],
      [undefined, undefined],
    ],
    ['where nobody has neither', [20, 10, 10, 20], [10, 20]],
  ] as const)('%s', (_, [children, events, competing, changed], expected) => {
    expect(told(children, events, competing, changed)).toEqual(expected)
  })
})
