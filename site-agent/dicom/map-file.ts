// The data manager's map: one row a patient with what the import cannot know from images: which id to use, when the child
// was operated on, and what became of it. Dates are read here and leave as days.

import { readFile } from 'node:fs/promises'
import { eventTypes } from '../../shared/cohort/outcome.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { dayNumber, parseAcquisitionTime } from '../cohort/acquisition-time.ts'
import { parseCsv } from '../cohort/csv.ts'
import { isParticipant } from '../cohort/scan-name.ts'
import { invalid, parseTsv, type Row, type Table } from '../cohort/tsv.ts'

export interface MappedPatient {
  /** `sub-…`; undefined when one is to be drawn. */
  readonly participant: string | undefined
  /** Day since 1970 of the index surgery. */
  readonly surgeryDay: number | undefined
  readonly outcome: MappedOutcome | undefined
}

/** In days since surgery, as phenotype/recurrence.tsv wants them. */
export interface MappedOutcome {
  readonly event: 0 | 1
  readonly eventDay: number | undefined
  readonly eventType: string | undefined
  readonly lastFollowUpDay: number | undefined
  readonly treatmentChangeDay: number | undefined
}

const dateColumns = ['surgery_date', 'event_date', 'last_followup_date', 'treatment_change_date'] as const

/**
 * Reads a map: a table (TSV, or CSV by its ending) with `patient_id` and, as known, `participant_id`, `surgery_date`, `event`, `event_date`,
 * `event_type`, `last_followup_date`, `treatment_change_date` (dates as YYYY-MM-DD).
 * @throws SequelaError `file_unreadable`, `table_invalid` with every row that is wrong
 */
export async function readMapFile(file: string): Promise<ReadonlyMap<string, MappedPatient>> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new SequelaError('file_unreadable', `the map ${file} cannot be read (${systemCode(cause)})`, { cause })
  })
  return mapOf(
    /\.csv$/i.test(file) ? parseCsv('the map', bytes, ['patient_id']) : parseTsv('the map', bytes, ['patient_id']),
  )
}

/** The rows of a map. @throws SequelaError `table_invalid`. */
export function mapOf(table: Table): ReadonlyMap<string, MappedPatient> {
  const problems: string[] = []
  const patients = new Map<string, MappedPatient>()
  const participants = new Map<string, number>()
  for (const row of table.rows) {
    const patient = row.value('patient_id')
    if (patient === undefined) problems.push(`line ${row.line}: patient_id is missing`)
    else if (patients.has(patient)) problems.push(`line ${row.line}: this patient has two rows`)
    else patients.set(patient, readRow(row, problems))
    const participant = row.value('participant_id')
    if (participant === undefined) continue
    const earlier = participants.get(participant)
    if (earlier !== undefined) problems.push(`lines ${earlier} and ${row.line}: two patients share one participant_id`)
    participants.set(participant, row.line)
  }
  if (problems.length > 0) throw invalid(table.name, problems)
  return patients
}

function readRow(row: Row, problems: string[]): MappedPatient {
  const wrong = (sentence: string): undefined => void problems.push(`line ${row.line}: ${sentence}`)
  const participant = row.value('participant_id')
  if (participant !== undefined && !isParticipant(participant))
    wrong('participant_id must be sub- and letters or digits')
  const [surgeryDay, eventDate, lastDate, changeDate] = dateColumns.map((column) => {
    const text = row.value(column)
    if (text === undefined) return undefined
    const dateMs = parseAcquisitionTime(text)
    return dateMs === undefined ? wrong(`${column} is no date; write YYYY-MM-DD`) : dayNumber(dateMs)
  })
  const since = (day: number | undefined): number | undefined =>
    day === undefined || surgeryDay === undefined ? undefined : day - surgeryDay
  const event = row.value('event')
  const eventType = row.value('event_type')
  if (event === undefined && (eventDate ?? lastDate ?? changeDate) !== undefined)
    wrong('there are dates of an outcome and no event')
  if (event !== undefined && event !== '0' && event !== '1') wrong('event must be 0 or 1')
  if (event !== undefined && surgeryDay === undefined) wrong('an outcome needs surgery_date, from which days count')
  if (event === '1' && eventDate === undefined) wrong('event is 1 and event_date is missing')
  if (event === '0' && eventDate !== undefined) wrong('event is 0 and there is an event_date')
  if (eventType !== undefined && !eventTypes.some((known) => known === eventType))
    wrong(`event_type must be one of ${eventTypes.join(', ')}`)
  const outcome: MappedOutcome | undefined =
    event === undefined
      ? undefined
      : {
          event: event === '1' ? 1 : 0,
          eventDay: since(eventDate),
          eventType,
          lastFollowUpDay: since(lastDate),
          treatmentChangeDay: since(changeDate),
        }
  return { participant, surgeryDay, outcome }
}
