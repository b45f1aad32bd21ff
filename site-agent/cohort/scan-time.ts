// When one scan was made, from the first source that knows: visit table, scan table, sidecar, a date in the file's name.
// The time of the file itself is never asked: copying changes it.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { dateText, dayNumber, parseAcquisitionTime, parseDateLabel } from './acquisition-time.ts'
import type { BidsVisit } from './bids.ts'
import type { DataFolder } from './data-folder.ts'
import type { Rule } from './finding.ts'
import type { Image } from './image-choice.ts'
import { sidecarOf } from './scan-name.ts'
import type { VisitTime } from './visit-days.ts'
import { dateProblem } from './visit-table.ts'

/** A sidecar is a page of settings. */
const maxSidecarBytes = 1024 * 1024

/** Two tables may put one scan on days this far apart: midnights differ between time zones. */
const toleranceDays = 1

export interface TimeProblem {
  readonly rule: Rule
  readonly sentence: string
}

/** What is known about the time of a visit's image; nothing at all is no problem yet. */
export async function scanTime(folder: DataFolder, visit: BidsVisit, image: Image): Promise<VisitTime | TimeProblem> {
  const { session, row } = visit
  if (row?.problem !== undefined) return { rule: 'visit-table', sentence: row.problem }
  const listed = visit.scanTimes.get(image.path)
  const listedMs = listed === undefined ? undefined : parseAcquisitionTime(listed)
  if (listed !== undefined && listedMs === undefined) {
    return { rule: 'scan-table', sentence: `in the scan table, ${dateProblem('acq_time', listed)}` }
  }
  const daysSinceSurgery = row?.daysSinceSurgery
  const acquiredMs = row?.acquiredMs ?? listedMs
  if (row?.acquiredMs !== undefined && listedMs !== undefined && !near(row.acquiredMs, listedMs)) {
    const dates = `${dateText(row.acquiredMs)} and the scan table ${dateText(listedMs)}`
    return { rule: 'times-disagree', sentence: `the visit table says ${dates}; correct one of them.` }
  }
  if (acquiredMs !== undefined || daysSinceSurgery !== undefined) return { session, daysSinceSurgery, acquiredMs }
  const told = (await sidecarTime(folder, image)) ?? nameTime(session, image)
  return typeof told === 'object' ? told : { session, daysSinceSurgery, acquiredMs: told }
}

function near(aMs: number, bMs: number): boolean {
  return Math.abs(dayNumber(aMs) - dayNumber(bMs)) <= toleranceDays
}

async function sidecarTime(folder: DataFolder, image: Image): Promise<number | TimeProblem | undefined> {
  const path = sidecarOf(image.path)
  try {
    const bytes = await folder.read(path, maxSidecarBytes)
    if (bytes === undefined) return undefined
    const time = fieldOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), 'AcquisitionDateTime')
    if (time === undefined) return undefined
    return (
      parseAcquisitionTime(time) ?? {
        rule: 'time-missing',
        sentence: `${path}: ${dateProblem('AcquisitionDateTime', time)}`,
      }
    )
  } catch (error) {
    if (!(error instanceof SequelaError) && !(error instanceof SyntaxError) && !(error instanceof TypeError))
      throw error
    const reason = error instanceof SequelaError ? error.message : 'it is not JSON text'
    return {
      rule: 'time-missing',
      sentence: `${path} was asked for the time of the scan and cannot be read: ${reason}.`,
    }
  }
}

/** A label of eight digits that is a date: the visit's own, or of `acq`. */
function nameTime(session: string, image: Image): number | undefined {
  return parseDateLabel(session.slice('ses-'.length)) ?? parseDateLabel(image.name.entities.get('acq') ?? '')
}

function fieldOf(value: unknown, field: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined
  const found: unknown = Reflect.get(value, field)
  return typeof found === 'string' ? found : undefined
}
