import { describe, expect, test } from 'vitest'
import { datasetTexts, type ListedChild } from './bids-writer.ts'
import { drawCourse, planChildren } from './cohort.ts'
import { drawIdentity } from './identity.ts'

const plan = { seed: 'bids', sites: ['east'], childrenPerSite: 12, testChildren: 0, knownOutcomes: 0.5 }

const children = planChildren(plan).map((child): ListedChild => {
  const course = drawCourse(child)
  const scanners = course.days.map(() => 'scanner-1')
  return {
    hospital: 'east',
    child: course,
    identity: drawIdentity(child, course),
    outcomeKnown: child.outcomeKnown,
    scanners,
  }
})
const texts = new Map(datasetTexts('Test', children))

function rowsOf(path: string): string[][] {
  const lines = (texts.get(path) ?? '').split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => line.split('\t'))
}

describe('the tables of a data set', () => {
  test('list every child once, by name', () => {
    const [header, ...rows] = rowsOf('participants.tsv')
    expect(header?.[0]).toBe('participant_id')
    const names = children.map(({ identity }) => identity.participant)
    expect(rows.map(([name]) => name)).toEqual(names.toSorted())
  })

  test('say for children with a known outcome whether and when the tumour came back', () => {
    const [header, ...rows] = rowsOf('phenotype/recurrence.tsv')
    expect(header?.slice(0, 5)).toEqual(['participant_id', 'event', 'event_days', 'event_type', 'last_followup_days'])
    const known = children.filter(({ outcomeKnown }) => outcomeKnown)
    expect(rows).toHaveLength(known.length)
    expect(rows.length).toBeLessThan(children.length)
    for (const { identity, child } of known) {
      const row = rows.find(([name]) => name === identity.participant)
      const event = child.eventDay === undefined ? ['0', 'n/a', 'n/a'] : ['1', String(child.eventDay), 'recurrence']
      expect(row).toEqual([identity.participant, ...event, String(child.lastFollowUpDay), 'n/a'])
    }
  })

  test('list the visits of a child with intervals that are exact to the day', () => {
    for (const { identity, child } of children) {
      const [header, ...rows] = rowsOf(`${identity.participant}/${identity.participant}_sessions.tsv`)
      expect(header).toEqual(['session_id', 'acq_time', 'days_since_surgery', 'scanner'])
      const visits = rows.map(([, acquired = '', day]) => ({
        date: Date.parse(acquired.slice(0, 10)),
        day: Number(day),
      }))
      expect(visits.map(({ day }) => day).toSorted((a, b) => a - b)).toEqual(child.days)
      for (const { date, day } of visits) {
        expect((date - (visits[0]?.date ?? 0)) / 86_400_000).toBe(day - (visits[0]?.day ?? 0))
      }
    }
  })

  test('have a dictionary that explains each of their columns', () => {
    for (const [tsv, dictionary] of [
      ['participants.tsv', 'participants.json'],
      ['phenotype/recurrence.tsv', 'phenotype/recurrence.json'],
      [`${children[0]?.identity.participant}/${children[0]?.identity.participant}_sessions.tsv`, 'sessions.json'],
    ] as const) {
      const explained = Object.keys(JSON.parse(texts.get(dictionary) ?? ''))
      expect(explained).toEqual(expect.arrayContaining(rowsOf(tsv)[0]?.slice(1) ?? []))
    }
    expect(JSON.parse(texts.get('dataset_description.json') ?? '')).toMatchObject({ DatasetType: 'raw' })
  })
})
