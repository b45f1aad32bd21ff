import { describe, expect, test } from 'vitest'
import { readOutcomes } from './outcome.ts'
import { outcomes } from './testsupport/data-set.ts'
import { parseTsv } from './tsv.ts'

describe('a row of the table of outcomes', () => {
  const read = (row: string) =>
    readOutcomes(parseTsv('recurrence.tsv', new TextEncoder().encode(outcomes({ 'sub-a': row })))).get('sub-a')

  test('tells of an event', () => {
    expect(read('1 400 progression 900 450')).toEqual({
      eventDay: 400,
      eventType: 'progression',
      lastFollowUpDay: 900,
      treatmentChangeDay: 450,
    })
  })

  test('tells of a child that was followed without one', () => {
    expect(read('0 n/a n/a 900 n/a')).toMatchObject({ eventDay: undefined, lastFollowUpDay: 900 })
  })

  test('may have the decimal commas of spreadsheets', () => {
    expect(read('1 400,5 n/a 900,25 n/a')).toMatchObject({ eventDay: 400.5, lastFollowUpDay: 900.25 })
  })

  test('may leave the kind of event open, and let the event end the follow-up', () => {
    expect(read('1 400 n/a 400 n/a')).toMatchObject({ eventDay: 400, eventType: undefined })
  })

  test.each([
    ['2 n/a n/a 900 n/a', true, 'event is "2"; write 0 or 1.'],
    ['n/a n/a n/a 900 n/a', true, 'event is missing; write 0 or 1.'],
    ['yes 400 n/a 900 n/a', true, 'event is "yes"; write 0 or 1.'],
    ['1 n/a recurrence 900 n/a', true, 'event is 1 but event_days is missing.'],
    ['1 901 recurrence 900 n/a', true, 'event_days is 901, after last_followup_days, which is 900.'],
    ['1 0 recurrence 900 n/a', true, 'event_days is 0; an event comes after the surgery, which is day 0.'],
    [
      '1 400 relapse 900 n/a',
      true,
      'event_type is "relapse"; write recurrence, progression, death, second_tumour or n/a.',
    ],
    ['0 400 n/a 900 n/a', true, 'event is 0 but event_days is 400; one of them is wrong.'],
    ['0 n/a death 900 n/a', false, 'event is 0 but event_type is "death"; one of them is wrong.'],
    [
      '0 n/a n/a n/a n/a',
      false,
      'last_followup_days is missing; without it nobody knows how long the child was free of an event.',
    ],
    ['0 n/a n/a -3 n/a', false, 'last_followup_days is -3, before the surgery.'],
    ['0 n/a n/a 1,2,5 n/a', false, 'last_followup_days is "1,2,5"; write a number of days, or n/a.'],
    ...['1.250', '1,250'].map((text): [string, boolean, string] => [
      `0 n/a n/a ${text} n/a`,
      false,
      `last_followup_days is "${text}"; that is a thousand to some and a fraction to others, so write whole days.`,
    ]),
    ...['12.03.2021', '12/03/2021', '2021-03-12', '2021-03-12T10:00:00'].map((text): [string, boolean, string] => [
      `1 ${text} n/a 900 n/a`,
      true,
      `event_days is "${text}", which looks like a date; write the number of days since the surgery, or n/a.`,
    ]),
    ['0 n/a n/a 1e3 n/a', false, 'last_followup_days is "1e3"; write a number of days, or n/a.'],
    ['0 n/a n/a 99999 n/a', false, 'last_followup_days is "99999"; that is more than 120 years.'],
    ['0 n/a n/a -99999 n/a', false, 'last_followup_days is "-99999"; that is more than 120 years.'],
    ['0 n/a n/a 900 soon', false, 'treatment_change_days is "soon"; write a number of days, or n/a.'],
    ['1 NaN n/a 900 n/a', true, 'event_days is "NaN"; write a number of days, or n/a.'],
  ])('that cannot be is told: %s', (row, event, sentence) => {
    expect(read(row)).toEqual({ line: 2, event, sentence })
  })

  test('about a child that has another is told with both lines', () => {
    const text = `${outcomes({ 'sub-a': '0 n/a n/a 900 n/a' })}sub-a\t0\tn/a\tn/a\t900\tn/a\n`
    expect(readOutcomes(parseTsv('recurrence.tsv', new TextEncoder().encode(text))).get('sub-a')).toEqual({
      line: 2,
      event: true,
      sentence: 'lines 2 and 3 are both about this child; keep one.',
    })
  })
})
