import { describe, expect, test } from 'vitest'
import { parseTsv } from '../cohort/tsv.ts'
import { mapOf } from './map-file.ts'

const mapped = (header: string, ...rows: string[]) =>
  mapOf(
    parseTsv(
      'the map',
      new TextEncoder().encode([header, ...rows].map((line) => line.replaceAll(' ', '\t')).join('\n')),
    ),
  )

const all = 'patient_id participant_id surgery_date event event_date event_type last_followup_date'

describe('the map of patients', () => {
  test('turns dates into days since the surgery', () => {
    const map = mapped(all, '17 sub-a 2024-02-28 1 2024-03-01 death 2024-03-02', '18 n/a n/a n/a n/a n/a n/a')
    expect(map.get('17')).toMatchObject({
      participant: 'sub-a',
      outcome: { event: 1, eventDay: 2, eventType: 'death', lastFollowUpDay: 3 },
    })
    expect(map.get('18')).toEqual({ participant: undefined, surgeryDay: undefined, outcome: undefined })
  })

  test('needs nothing but patient ids', () => {
    expect([...mapped('patient_id', '17', '18').keys()]).toEqual(['17', '18'])
  })

  test.each([
    [
      'two rows of a patient',
      ['17 n/a n/a n/a n/a n/a n/a', '17 n/a n/a n/a n/a n/a n/a'],
      'this patient has two rows',
    ],
    [
      'one id for two patients',
      ['17 sub-a n/a n/a n/a n/a n/a', '18 sub-a n/a n/a n/a n/a n/a'],
      'lines 2 and 3: two patients share one participant_id',
    ],
    ['an id that is none', ['17 a_b n/a n/a n/a n/a n/a'], 'participant_id must be sub- and letters or digits'],
    ['a date that is none', ['17 n/a 2024-02-30 n/a n/a n/a n/a'], 'surgery_date is no date; write YYYY-MM-DD'],
    ['an outcome without the surgery', ['17 n/a n/a 0 n/a n/a 2024-03-01'], 'an outcome needs surgery_date'],
    ['an event without its date', ['17 n/a 2024-01-01 1 n/a n/a 2024-03-01'], 'event is 1 and event_date is missing'],
    [
      'a date without an event',
      ['17 n/a 2024-01-01 0 2024-02-01 n/a 2024-03-01'],
      'event is 0 and there is an event_date',
    ],
    ['dates of nothing', ['17 n/a 2024-01-01 n/a n/a n/a 2024-03-01'], 'there are dates of an outcome and no event'],
    [
      'an unknown kind of event',
      ['17 n/a 2024-01-01 1 2024-02-01 cured 2024-03-01'],
      'event_type must be one of recurrence',
    ],
  ])('with %s is refused', (_name, rows, sentence) => {
    expect(() => mapped(all, ...rows)).toThrow(sentence)
  })
})
