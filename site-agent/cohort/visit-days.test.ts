import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { placeVisits, type VisitTime } from './visit-days.ts'

const dayMs = 86_400_000
const visit = (session: string, daysSinceSurgery?: number, date?: string): VisitTime => ({
  session,
  daysSinceSurgery,
  acquiredMs: date === undefined ? undefined : Date.parse(`${date}T12:00:00Z`),
})

describe('visits', () => {
  test('are ordered by time, never by label', () => {
    const { placed, from } = placeVisits([visit('ses-1', 400), visit('ses-10', 3), visit('ses-2', 90)])
    expect(placed.map(({ session }) => session)).toEqual(['ses-10', 'ses-2', 'ses-1'])
    expect(from).toBe('surgery')
  })

  test('with dates only count from the first of them', () => {
    const { placed, from } = placeVisits([
      visit('ses-b', undefined, '1867-03-01'),
      visit('ses-a', undefined, '1867-02-27'),
    ])
    expect(placed).toEqual([
      { session: 'ses-a', day: 0 },
      { session: 'ses-b', day: 2 },
    ])
    expect(from).toBe('first-scan')
  })

  test('with a date take their day from a visit that has both', () => {
    const { placed, from } = placeVisits([visit('ses-a', 10, '1900-01-11'), visit('ses-b', undefined, '1900-04-11')])
    expect(placed.map(({ day }) => day)).toEqual([10, 100])
    expect(from).toBe('surgery')
  })

  test('with a date are held when no visit tells how dates and days go together', () => {
    const { placed, held } = placeVisits([visit('ses-a', 10), visit('ses-b', undefined, '1900-04-11')])
    expect(placed).toEqual([{ session: 'ses-a', day: 10 }])
    expect(held).toEqual([
      {
        session: 'ses-b',
        rule: 'not-placed',
        sentence:
          'it has a date and no days_since_surgery, and no other visit of this child has both; its day cannot be told.',
      },
    ])
  })

  test('that are taken out tell how dates and days go together only where no other does and they agree', () => {
    const dated = visit('ses-b', undefined, '1900-04-11')
    const out = visit('ses-a', 10, '1900-01-11')
    expect(placeVisits([dated], [out])).toMatchObject({ placed: [{ session: 'ses-b', day: 100 }], from: 'surgery' })
    expect(placeVisits([dated, visit('ses-c', 300)], [out]).placed.map(({ day }) => day)).toEqual([100, 300])
    const wrong = visit('ses-a', 10, '1899-01-11')
    expect(placeVisits([dated, visit('ses-c', 160, '1900-06-10')], [wrong]).placed.map(({ day }) => day)).toEqual([
      100, 160,
    ])
    expect(placeVisits([dated], [out, wrong])).toMatchObject({ placed: [{ day: 0 }], from: 'first-scan', held: [] })
  })

  test('that are taken out are of no day, and no first of the others', () => {
    const out = [visit('ses-a', 10), visit('ses-b', undefined, '1867-02-27')]
    expect(placeVisits([visit('ses-c', 10)], out)).toMatchObject({ placed: [{ session: 'ses-c', day: 10 }], held: [] })
    expect(placeVisits([visit('ses-c', undefined, '1867-03-01')], out).placed).toEqual([{ session: 'ses-c', day: 0 }])
  })

  test('without any time are held', () => {
    const { placed, held } = placeVisits([visit('ses-a', 10), visit('ses-b')])
    expect(placed).toHaveLength(1)
    expect(held).toEqual([
      {
        session: 'ses-b',
        rule: 'time-missing',
        sentence:
          'nothing says when it was made: give acq_time or days_since_surgery in the visit table, or acq_time in the scan table.',
      },
    ])
  })

  test('of one day are all held, for their order cannot be told', () => {
    const { placed, held } = placeVisits([visit('ses-a', 10), visit('ses-b', 10), visit('ses-c', 11)])
    expect(placed.map(({ session }) => session)).toEqual(['ses-c'])
    expect(held.map(({ session, rule }) => `${session} ${rule}`)).toEqual(['ses-a same-day', 'ses-b same-day'])
    expect(held[0]?.sentence).toBe(
      'it is of the same day as ses-b; days cannot tell which came first. Correct their times, or keep one.',
    )
  })

  test('whose days and dates disagree hold the child', () => {
    const { placed, contradiction } = placeVisits([visit('ses-a', 10, '1900-01-11'), visit('ses-b', 90, '1900-01-12')])
    expect(placed).toEqual([])
    expect(contradiction).toBe(
      'from ses-a to ses-b days_since_surgery counts 80 days and the dates (1900-01-11, 1900-01-12) 1; correct the visit table.',
    )
  })

  test('may be a day apart between day counts and dates, and no more', () => {
    const near = placeVisits([visit('ses-a', 10, '1900-01-11'), visit('ses-b', 20, '1900-01-22')])
    expect(near.contradiction).toBeUndefined()
    expect(near.placed.map(({ day }) => day)).toEqual([10, 20])
    const far = placeVisits([visit('ses-a', 10, '1900-01-11'), visit('ses-b', 20, '1900-01-23')])
    expect(far.contradiction).toContain('counts 10 days')
  })

  test('come out the same in whatever order the tables list them', () => {
    const visits = fc.uniqueArray(fc.integer({ min: -100, max: 5000 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(visits, fc.integer({ min: -90_000, max: 20_000 }), fc.func(fc.integer()), (days, zero, rank) => {
        const times = days.map((day) => visitOn(day, zero))
        const mixed = times.toSorted((a, b) => rank(a.session) - rank(b.session))
        expect(placeVisits(mixed)).toEqual(placeVisits(times))
        expect(placeVisits(times).placed.map(({ day }) => day)).toEqual(days.toSorted((a, b) => a - b))
      }),
    )
  })
})

function visitOn(day: number, zero: number): VisitTime {
  return { session: `ses-${day + 1000}`, daysSinceSurgery: day, acquiredMs: (zero + day) * dayMs + 3_600_000 }
}
