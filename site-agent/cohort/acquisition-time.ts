// When a scan was made. Texts without a time zone are read as if they were UTC: JavaScript would apply this machine's
// zone, which for dates shifted into the 19th century is local mean time, and intervals would jump.

/** Milliseconds of a day. */
const dayMs = 86_400_000

/** BIDS asks for date and time; a date alone tells the day just as well. */
const pattern = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?)?$/

/** Dates are shifted back, never further than this. */
const firstYear = 1600
const lastYear = 2200

/** Milliseconds since 1970 (UTC), to the second; undefined when the text is no date of the calendar. */
export function parseAcquisitionTime(text: string): number | undefined {
  const parts = pattern.exec(text)
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const midnight = utcMidnight(year, month, day)
  const offsetMinutes = zoneMinutes(parts[7])
  if (midnight === undefined || offsetMinutes === undefined) return undefined
  return midnight + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1000
}

/** The date in a label of exactly eight digits, `19010228`; undefined when it is none. */
export function parseDateLabel(label: string): number | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(label)
  return parts === null ? undefined : utcMidnight(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}

/** Number of the day since 1970-01-01 (UTC). */
export function dayNumber(ms: number): number {
  return Math.floor(ms / dayMs)
}

/** `YYYY-MM-DD`. */
export function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function utcMidnight(year: number, month: number, day: number): number | undefined {
  if (year < firstYear || year > lastYear) return undefined
  const ms = Date.UTC(year, month - 1, day)
  const date = new Date(ms)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? ms : undefined
}

function zoneMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number)
  if (hours > 14 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
