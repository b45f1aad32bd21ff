import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EventType, endingOf, followUpAfter, labelWithin } from './outcome.ts'

const horizonDays = 365
const day = fc.integer({ min: 0, max: 4000 })

/** By the study's own event. */
const landmarkLabel = (
  { eventDay, lastFollowUpDay }: { readonly eventDay: number | undefined; readonly lastFollowUpDay: number },
  landmark: number,
  horizon: number,
): 0 | 1 | null => {
  const ending = eventDay === undefined ? 'censored' : 'event'
  return labelWithin(followUpAfter({ eventDay, lastFollowUpDay, ending }, landmark), horizon)
}

describe('the label of a landmark', () => {
  test('is 1 for an event after it and up to the end of the horizon', () => {
    const at = (eventDay: number) => landmarkLabel({ eventDay, lastFollowUpDay: 9000 }, 100, horizonDays)
    expect([at(100), at(101), at(465), at(466)]).toEqual([null, 1, 1, 0])
  })

  test('is 0 only for a child that was followed to the end of the horizon', () => {
    const at = (lastFollowUpDay: number) => landmarkLabel({ eventDay: undefined, lastFollowUpDay }, 100, horizonDays)
    expect([at(100), at(464), at(465), at(466)]).toEqual([null, null, 0, 0])
  })

  test('never depends on what happened after the horizon', () => {
    fc.assert(
      fc.property(day, day, day, (scan, beyondA, beyondB) => {
        const end = scan + horizonDays
        const labels = [end + 1 + beyondA, end + 1 + beyondB].map((eventDay) =>
          landmarkLabel({ eventDay, lastFollowUpDay: eventDay }, scan, horizonDays),
        )
        const without = landmarkLabel({ eventDay: undefined, lastFollowUpDay: end + beyondA }, scan, horizonDays)
        expect([...labels, without]).toEqual([0, 0, 0])
      }),
    )
  })

  test('agrees with counting the days one by one', () => {
    fc.assert(
      fc.property(
        day,
        fc.option(day, { nil: undefined }),
        day,
        fc.integer({ min: 1, max: 800 }),
        (scan, event, more, horizon) => {
          const lastFollowUpDay = (event ?? 0) + more
          let expected: 0 | 1 | null = event !== undefined && event <= scan ? null : 0
          for (let today = scan + 1; today <= scan + horizon && expected === 0; today++) {
            if (today === event) expected = 1
            else if (today > lastFollowUpDay) expected = null
          }
          expect(landmarkLabel({ eventDay: event, lastFollowUpDay }, scan, horizon)).toBe(expected)
        },
      ),
    )
  })

  test('turns from 0 to 1 and never back while the landmark moves towards the event', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), day, (eventDay, more) => {
        const labels = Array.from({ length: eventDay }, (_, scan) =>
          landmarkLabel({ eventDay, lastFollowUpDay: eventDay + more }, scan, horizonDays),
        )
        expect(labels).not.toContain(null)
        expect(labels.join('')).toMatch(/^0*1+$/)
      }),
    )
  })
})

describe('a competing event', () => {
  const outcome = (eventType: EventType | undefined) => {
    return { eventDay: 400, eventType, lastFollowUpDay: 2000, treatmentChangeDay: undefined }
  }

  test('is one of a type that the study does not count, and one without a type where it counts some', () => {
    const counted = ['recurrence', 'progression'] as const
    const types = ['recurrence', 'progression', 'death', 'second_tumour', undefined] as const
    expect(types.map((type) => endingOf(outcome(type), counted))).toEqual([
      ...['event', 'event', 'competing', 'competing', 'competing'],
    ])
    expect(types.map((type) => endingOf(outcome(type), undefined))).toEqual(types.map(() => 'event'))
    expect(endingOf({ ...outcome(undefined), eventDay: undefined }, counted)).toBe('censored')
  })

  test('ends what is known as the end of follow-up does, whatever was seen after it', () => {
    const at = (landmark: number) => followUpAfter({ ...outcome('death'), ending: 'competing' }, landmark)
    expect([at(100), at(399), at(400), at(500)]).toEqual([
      { days: 300, event: false },
      { days: 1, event: false },
      null,
      null,
    ])
    expect(labelWithin(at(100), 365)).toBe(null)
    expect(labelWithin(at(100), 300)).toBe(0)
  })

  test('is never a label of 1', () => {
    fc.assert(
      fc.property(day, day, day, (eventDay, more, landmark) => {
        const known = followUpAfter({ eventDay, lastFollowUpDay: eventDay + more, ending: 'competing' }, landmark)
        expect(labelWithin(known, horizonDays)).not.toBe(1)
      }),
    )
  })
})
