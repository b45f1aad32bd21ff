import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { type ChildCourse, drawChild, landmarkLabel } from './child.ts'

const children = Array.from({ length: 2000 }, (_, i) => drawChild(seededRandom(`child ${i}`)))

describe('a child', () => {
  test('has 2 to 8 visits on ascending days, all before the event and within follow-up', () => {
    for (const { days, trueEventDay = Infinity, lastFollowUpDay } of children) {
      expect(days.length).toBeGreaterThanOrEqual(2)
      expect(days.length).toBeLessThanOrEqual(8)
      expect(days).toEqual([...new Set(days)].toSorted((a, b) => a - b))
      expect(days.at(-1)).toBeLessThan(Math.min(trueEventDay, lastFollowUpDay))
    }
  })

  test('has a size of lesion, cavity and rim for each visit', () => {
    for (const { days, lesion, healing } of children) {
      expect(lesion.radiiMm).toHaveLength(days.length)
      expect(healing.cavityMm3).toHaveLength(days.length)
      expect(healing.rimAmplitudes).toHaveLength(days.length)
    }
  })

  test('relapses in three of five cases, and a relapse beyond follow-up is not seen', () => {
    expect(children.filter(({ recurrent }) => recurrent).length / children.length).toBeCloseTo(0.6, 1)
    const unseen = children.filter(({ recurrent, eventDay }) => recurrent && eventDay === undefined)
    expect(unseen.length).toBeGreaterThan(50)
    for (const child of unseen) expect(child.trueEventDay).toBeGreaterThan(child.lastFollowUpDay)
    for (const child of children) expect(child.eventDay ?? 0).toBeLessThanOrEqual(child.lastFollowUpDay)
  })

  test('leaves few landmarks undecided', () => {
    const labels = children.flatMap((child) => child.days.map((_, visit) => landmarkLabel(child, visit)))
    const undecided = labels.filter((label) => label === undefined).length / labels.length
    expect(undecided).toBeGreaterThan(0.005)
    expect(undecided).toBeLessThan(0.06)
  })
})

describe('a landmark', () => {
  const base = children[0] as ChildCourse
  const seen = (eventDay: number | undefined, lastFollowUpDay: number) =>
    landmarkLabel({ ...base, days: [40, 100], eventDay, lastFollowUpDay }, 1)

  test('is positive when the event is seen within 365 days', () => {
    expect(seen(101, 150)).toBe(true)
    expect(seen(465, 465)).toBe(true)
  })

  test('is negative when the child is free of events for 365 days and followed that long', () => {
    expect(seen(466, 500)).toBe(false)
    expect(seen(undefined, 465)).toBe(false)
  })

  test('is undecided when follow-up ends too early, and where there is no visit', () => {
    expect(seen(undefined, 464)).toBeUndefined()
    expect(landmarkLabel(base, base.days.length)).toBeUndefined()
  })
})
