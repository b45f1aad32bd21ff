// Places a child's visits in time. The tables may count days since the operation, give dates, or both; both must agree.
// Only differences of days go on from here: dates stay behind.

import { dateText, dayNumber } from './acquisition-time.ts'
import type { Rule } from './finding.ts'

/** What is known about when a visit was. */
export interface VisitTime {
  readonly session: string
  readonly daysSinceSurgery: number | undefined
  /** Milliseconds since 1970 (UTC). */
  readonly acquiredMs: number | undefined
}

export interface PlacedVisit {
  readonly session: string
  readonly day: number
}

export interface VisitDays {
  /** In order of time. */
  readonly placed: readonly PlacedVisit[]
  /** The same with those that are held only because another visit is of their day. */
  readonly dated: readonly PlacedVisit[]
  /** What day 0 is. Outcomes can only be laid over days that count from the operation. */
  readonly from: 'surgery' | 'first-scan'
  readonly held: readonly { readonly session: string; readonly rule: Rule; readonly sentence: string }[]
  /** Why none of this child's visits can be placed. */
  readonly contradiction?: string
}

/** Dates and day counts may differ by this much: counts are rounded, and midnights differ between time zones. */
const toleranceDays = 1

/**
 * Orders visits by time, never by label; visits of one day are held, for days cannot tell which came first.
 * @param excluded visits that are not placed, as people took them out: where no other does, they tell how dates and days
 *   go together, as far as they agree on it
 */
export function placeVisits(times: readonly VisitTime[], excluded: readonly VisitTime[] = []): VisitDays {
  const both = withBoth(times)
  const contradiction = disagreement(both)
  if (contradiction !== undefined) return { placed: [], dated: [], from: 'surgery', held: [], contradiction }

  const dayNumbers = times.flatMap(({ acquiredMs }) => (acquiredMs === undefined ? [] : [dayNumber(acquiredMs)]))
  const spare = withBoth(excluded)
  const [anchor] = both.length > 0 || disagreement(spare) !== undefined ? both : spare
  const counted = anchor !== undefined || times.some(({ daysSinceSurgery }) => daysSinceSurgery !== undefined)
  const dayZero = anchor === undefined ? (counted ? undefined : Math.min(...dayNumbers)) : zeroOf(anchor)
  const found: PlacedVisit[] = []
  const held: { session: string; rule: Rule; sentence: string }[] = []
  for (const { session, daysSinceSurgery, acquiredMs } of times) {
    const day =
      daysSinceSurgery ??
      (acquiredMs === undefined || dayZero === undefined ? undefined : dayNumber(acquiredMs) - dayZero)
    if (day !== undefined) found.push({ session, day })
    else if (acquiredMs === undefined) held.push({ session, rule: 'time-missing', sentence: noTime })
    else held.push({ session, rule: 'not-placed', sentence: noAnchor })
  }
  const dated = found.toSorted((a, b) => a.day - b.day)
  const placed = dated.filter((visit) => {
    const same = dated.filter(({ session, day }) => session !== visit.session && day === visit.day)
    if (same.length === 0) return true
    const others = same.map(({ session }) => session).join(' and ')
    const sentence = `it is of the same day as ${others}; days cannot tell which came first. Correct their times, or keep one.`
    held.push({ session: visit.session, rule: 'same-day', sentence })
    return false
  })
  return { placed, dated, from: counted ? 'surgery' : 'first-scan', held }
}

const noTime =
  'nothing says when it was made: give acq_time or days_since_surgery in the visit table, or acq_time in the scan table.'
const noAnchor =
  'it has a date and no days_since_surgery, and no other visit of this child has both; its day cannot be told.'

function withBoth(times: readonly VisitTime[]): readonly VisitTime[] {
  return times.filter(({ daysSinceSurgery, acquiredMs }) => daysSinceSurgery !== undefined && acquiredMs !== undefined)
}

function zeroOf({ daysSinceSurgery = 0, acquiredMs = 0 }: VisitTime): number {
  return dayNumber(acquiredMs) - Math.round(daysSinceSurgery)
}

function disagreement(both: readonly VisitTime[]): string | undefined {
  const [first] = both
  if (first === undefined) return undefined
  const other = both.find((visit) => Math.abs(zeroOf(visit) - zeroOf(first)) > toleranceDays)
  if (other === undefined) return undefined
  const days = (other.daysSinceSurgery ?? 0) - (first.daysSinceSurgery ?? 0)
  const dates = dayNumber(other.acquiredMs ?? 0) - dayNumber(first.acquiredMs ?? 0)
  return (
    `from ${first.session} to ${other.session} days_since_surgery counts ${days} days and the dates ` +
    `(${dateText(first.acquiredMs ?? 0)}, ${dateText(other.acquiredMs ?? 0)}) ${dates}; correct the visit table.`
  )
}
