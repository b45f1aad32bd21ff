// Outcomes with censoring, from phenotype/recurrence.tsv: did the tumour come back, when, and until when was the child
// followed, in days since the index surgery.

import { eventTypes, type Outcome } from '../../shared/cohort/outcome.ts'
import { parseDays } from './cell.ts'
import { quoted } from './finding.ts'
import type { Row, Table } from './tsv.ts'

/** A row that cannot be used. With `event`, an event may lie at an unknown day, so no scan of the child is safe. */
export interface OutcomeProblem {
  readonly line: number
  readonly event: boolean
  readonly sentence: string
}

export const outcomeColumns = ['participant_id', 'event', 'event_days', 'last_followup_days'] as const

/** The table by child: an outcome, or why the row is not one. */
export function readOutcomes(
  table: Table,
  childOf: (id: string | undefined) => string = (id) => id ?? '',
): ReadonlyMap<string, Outcome | OutcomeProblem> {
  const outcomes = new Map<string, Outcome | OutcomeProblem>()
  const firstLines = new Map<string, number>()
  for (const row of table.rows) {
    const child = childOf(row.value('participant_id'))
    const first = firstLines.get(child)
    if (first === undefined) {
      firstLines.set(child, row.line)
      outcomes.set(child, readOutcome(row))
      continue
    }
    const sentence = `lines ${first} and ${row.line} are both about this child; keep one.`
    outcomes.set(child, { line: first, event: true, sentence })
  }
  return outcomes
}

function readOutcome(row: Row): Outcome | OutcomeProblem {
  const event = row.value('event')
  const refuse = (sentence: string): OutcomeProblem => {
    const certainlyNone = event === '0' && row.value('event_days') === undefined
    return { line: row.line, event: !certainlyNone, sentence }
  }
  if (event !== '0' && event !== '1') return refuse(`event is ${shown(event)}; write 0 or 1.`)

  const problems: string[] = []
  const daysIn = (column: string): number | undefined => {
    const text = row.value(column)
    if (text === undefined) return undefined
    const days = parseDays(text)
    if (typeof days === 'number') return days
    problems.push(`${column} ${days.problem}.`)
    return undefined
  }
  const eventDay = daysIn('event_days')
  const lastFollowUpDay = daysIn('last_followup_days')
  const treatmentChangeDay = daysIn('treatment_change_days')
  if (problems.length > 0) return refuse(problems.join(' '))
  if (lastFollowUpDay === undefined) {
    return refuse('last_followup_days is missing; without it nobody knows how long the child was free of an event.')
  }
  if (lastFollowUpDay < 0) return refuse(`last_followup_days is ${lastFollowUpDay}, before the surgery.`)

  const eventType = row.value('event_type')
  if (event === '0') {
    if (eventDay !== undefined) return refuse(`event is 0 but event_days is ${eventDay}; one of them is wrong.`)
    if (eventType !== undefined)
      return refuse(`event is 0 but event_type is ${quoted(eventType)}; one of them is wrong.`)
    return { eventDay: undefined, eventType: undefined, lastFollowUpDay, treatmentChangeDay }
  }
  if (eventDay === undefined) return refuse('event is 1 but event_days is missing.')
  if (eventDay <= 0) return refuse(`event_days is ${eventDay}; an event comes after the surgery, which is day 0.`)
  if (eventDay > lastFollowUpDay) {
    return refuse(`event_days is ${eventDay}, after last_followup_days, which is ${lastFollowUpDay}.`)
  }
  const type = eventTypes.find((known) => known === eventType)
  if (eventType !== undefined && type === undefined) {
    return refuse(`event_type is ${quoted(eventType)}; write ${eventTypes.join(', ')} or n/a.`)
  }
  return { eventDay, eventType: type, lastFollowUpDay, treatmentChangeDay }
}

function shown(text: string | undefined): string {
  return text === undefined ? 'missing' : quoted(text)
}
