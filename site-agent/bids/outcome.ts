// What became of a child, in days since surgery: an event, or how long it was followed without one. And from that, what a
// landmark's label is: event within the horizon, none, or undecided. Undecided is never counted as none.

import { invalid, numberCell, type Table, type TableRow } from './tsv.ts'

export interface Outcome {
  /** Day of the event; null when none was seen. */
  readonly eventDay: number | null
  readonly lastFollowUpDay: number
}

/**
 * Label of a landmark on `scanDay`: 1 for an event in (scanDay, scanDay + horizon], 0 when the child is known to be free of
 * one up to the end of the horizon, else null.
 */
export function landmarkLabel(outcome: Outcome, scanDay: number, horizonDays: number): 0 | 1 | null {
  const { eventDay, lastFollowUpDay } = outcome
  if (eventDay !== null && eventDay > scanDay && eventDay <= scanDay + horizonDays) return 1
  if (eventDay !== null && eventDay <= scanDay) return null
  const freeUntil = eventDay ?? lastFollowUpDay
  return freeUntil >= scanDay + horizonDays ? 0 : null
}

/** Reads one row of phenotype/recurrence.tsv. @throws SequelaError `table_invalid` for what contradicts itself. */
export function outcomeOf(table: Table, row: TableRow): Outcome {
  const event = numberCell(table, row, 'event')
  const eventDay = numberCell(table, row, 'event_days')
  const lastFollowUpDay = numberCell(table, row, 'last_followup_days')
  const refuse = (what: string): Error => invalid(table.name, `line ${row.line}: ${what}`)
  if (event !== 0 && event !== 1) throw refuse('column "event" must be 0 or 1')
  if (lastFollowUpDay === null) throw refuse('column "last_followup_days" must say how long the child was followed')
  if (event === 0 && eventDay !== null) throw refuse('there is a day of an event, but "event" says that there was none')
  if (event === 1 && eventDay === null) throw refuse('there was an event, but "event_days" does not say when')
  if (eventDay !== null && eventDay > lastFollowUpDay) {
    throw refuse(`the event on day ${eventDay} comes after the last follow-up on day ${lastFollowUpDay}`)
  }
  return { eventDay: event === 1 ? eventDay : null, lastFollowUpDay }
}
