// Who is on the line: the agents whose Attend call is open, and what each last said it was doing. In memory only; after a
// restart the agents call again.

import type { Clock } from '../../shared/clock.ts'

/** What an agent last said of its work. */
export interface ReportedWork {
  readonly assignmentId: string
  readonly activity: string
  readonly done: number
  readonly total: number
}

export interface Attendee {
  readonly site: string
  readonly programVersion: string
  readonly approvedStudies: ReadonlySet<string>
}

export interface AttendanceRecord {
  readonly connected: boolean
  readonly programVersion?: string
  readonly work?: ReportedWork
  readonly lastHeardMs?: number
}

export interface Attendance {
  /** Notes that a site is on the line; returns how to note that this call ended. A newer call of the site stays. */
  arrive(attendee: Attendee): () => void
  report(site: string, work: ReportedWork): void
  of(site: string): AttendanceRecord
}

export function createAttendance(clock: Clock): Attendance {
  const present = new Map<string, Attendee>()
  const heard = new Map<string, { readonly atMs: number; readonly work?: ReportedWork }>()
  return {
    arrive: (attendee) => {
      present.set(attendee.site, attendee)
      heard.set(attendee.site, { atMs: clock.now() })
      return () => {
        if (present.get(attendee.site) === attendee) present.delete(attendee.site)
      }
    },
    report: (site, work) => void heard.set(site, { atMs: clock.now(), work }),
    of: (site) => {
      const attendee = present.get(site)
      const last = heard.get(site)
      return {
        connected: attendee !== undefined,
        ...(attendee === undefined ? {} : { programVersion: attendee.programVersion }),
        ...(last?.work === undefined ? {} : { work: last.work }),
        ...(last === undefined ? {} : { lastHeardMs: last.atMs }),
      }
    },
  }
}
