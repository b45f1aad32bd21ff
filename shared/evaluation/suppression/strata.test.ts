import { expect, test } from 'vitest'
import type { Landmark } from '../landmark.ts'
import { familiesOf } from './strata.ts'

const landmark = (day: number, visits = 1): Landmark => ({
  ...{ child: 'a', visits, day, timeDays: 400, event: false, risk: 0.2, riskByShown: [], groups: {} },
})

/** Days of the landmarks of each level. */
const levels = (family: string, days: readonly number[]): Record<string, number[]> =>
  Object.fromEntries(
    [...(familiesOf(days.map((day) => landmark(day))).get(family) ?? [])].map(([level, rows]) => [
      level,
      rows.map(({ day }) => day),
    ]),
  )

test('landmarks of the weeks after surgery, in which cavity and oedema change, stand apart from those of later', () => {
  expect(levels('since_surgery', [0, 30, 89, 90, 200, 364, 365, 2000])).toEqual({
    'under 90 days': [0, 30, 89],
    '90 days to 1 year': [90, 200, 364],
    'over 1 year': [365, 2000],
  })
})

test('landmarks stand in the year since surgery in which they lie, the sixth and later ones together', () => {
  expect(levels('year', [-20, 0, 364, 365, 1824, 1825, 4000])).toEqual({
    '1': [-20, 0, 364],
    '2': [365],
    '5': [1824],
    '6+': [1825, 4000],
  })
})

test('the first year of one family is the time up to one year of the other, to the day', () => {
  const days = Array.from({ length: 800 }, (_, day) => day)
  const within = levels('since_surgery', days)
  const firstYear = [...(within['under 90 days'] ?? []), ...(within['90 days to 1 year'] ?? [])]
  expect(levels('year', days)['1']).toEqual(firstYear)
})
