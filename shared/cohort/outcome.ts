// What became of a child, in days since the index surgery, and what a study makes of it: which kinds of events it learns,
// and what is known after each landmark. A child that was not followed for long enough is undecided, never a "no".

export const eventTypes = ['recurrence', 'progression', 'death', 'second_tumour'] as const
export type EventType = (typeof eventTypes)[number]

/** All days count from the index surgery. */
export interface Outcome {
  /** When an event was seen; undefined when none was. */
  readonly eventDay: number | undefined
  /** Undefined when there was no event, or the table does not say. */
  readonly eventType: EventType | undefined
  readonly lastFollowUpDay: number
  readonly treatmentChangeDay: number | undefined
}

/**
 * How a child's history ends for a study: with an event that the study learns, with one that it does not but that keeps it
 * from being seen (competing), or with the end of follow-up.
 */
export type Ending = 'event' | 'competing' | 'censored'

export interface ChildOutcome extends Outcome {
  readonly ending: Ending
}

/** What is known after a landmark: an event so many days later, or for how many days the child was seen without one. */
export interface FollowUp {
  readonly days: number
  readonly event: boolean
}

/** How the history ends. @param counted types that are events of the study; undefined: all, typed or not */
export function endingOf({ eventDay, eventType }: Outcome, counted: readonly EventType[] | undefined): Ending {
  if (eventDay === undefined) return 'censored'
  return counted === undefined || (eventType !== undefined && counted.includes(eventType)) ? 'event' : 'competing'
}

/**
 * What is known after a landmark on `day`; null when the child is not at risk any more then. A competing event ends what
 * is known like the end of follow-up: the hazard is the cause-specific one (Prentice et al. 1978).
 */
export function followUpAfter(
  { eventDay, lastFollowUpDay, ending }: Pick<ChildOutcome, 'eventDay' | 'lastFollowUpDay' | 'ending'>,
  day: number,
): FollowUp | null {
  const lastDay = eventDay ?? lastFollowUpDay
  if (lastDay < day || (eventDay !== undefined && eventDay === day)) return null
  return { days: lastDay - day, event: ending === 'event' }
}

/** 1 for an event within the horizon, 0 when the child was seen without one to its end, else null: undecided. */
export function labelWithin(followUp: FollowUp | null, horizonDays: number): 0 | 1 | null {
  if (followUp === null) return null
  if (followUp.event && followUp.days <= horizonDays) return 1
  return followUp.days >= horizonDays ? 0 : null
}
