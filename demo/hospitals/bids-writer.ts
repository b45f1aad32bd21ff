// The text of a longitudinal BIDS data set: tables of children, outcomes and visits with their dictionaries, and the
// note beside each image. Only text is made here; images come from stored-scan.ts.

import type { ChildCourse } from './child.ts'
import { type Identity, sessionsByName } from './identity.ts'
import type { Exposure } from './scanner.ts'

/** A child as its data set tells of it. */
export interface ListedChild {
  readonly hospital: string
  readonly child: ChildCourse
  readonly identity: Identity
  readonly outcomeKnown: boolean
  readonly scanners: readonly string[]
}

/** Path of an image below its data set. */
export function scanPath(participant: string, session: string, gzip: boolean): string {
  return `${participant}/${session}/anat/${participant}_${session}_FLAIR.nii${gzip ? '.gz' : ''}`
}

/** What is known about how an image was made; nothing of when. */
export function sidecarText(exposure: Exposure): string {
  return json({
    Modality: 'MR',
    ManufacturersModelName: scannerName(exposure.scannerIndex),
    MagneticFieldStrength: exposure.scanner.teslas,
    MRAcquisitionType: '3D',
    SkullStripped: true,
  })
}

export function scannerName(scannerIndex: number): string {
  return `scanner-${scannerIndex + 1}`
}

/**
 * All tables and notes of a data set, as pairs of path and text. Children and visits are listed by their random names.
 * @param name what the data set calls itself
 */
export function datasetTexts(name: string, children: readonly ListedChild[]): [path: string, text: string][] {
  const listed = children.toSorted((a, b) => (a.identity.participant < b.identity.participant ? -1 : 1))
  return [
    ['dataset_description.json', json({ Name: name, BIDSVersion: '1.10.0', DatasetType: 'raw', License: 'CC0' })],
    ['README', `${name}\n\nSynthetic children: no image here is of a person.\n`],
    ['participants.tsv', participantsTable(listed)],
    ['participants.json', json(participantColumns)],
    ['phenotype/recurrence.tsv', recurrenceTable(listed)],
    ['phenotype/recurrence.json', json(recurrenceColumns)],
    ['sessions.json', json(sessionColumns)],
    ...listed.map((child): [string, string] => {
      const { participant } = child.identity
      return [`${participant}/${participant}_sessions.tsv`, sessionsTable(child)]
    }),
  ]
}

const participantColumns = {
  hospital: { Description: 'Hospital that treated the child' },
  age: { Description: 'Age at the operation', Units: 'years' },
  sex: { Description: 'Sex', Levels: { F: 'female', M: 'male' } },
  grade: { Description: 'WHO grade of the tumour' },
  extent_of_resection: { Description: 'How much of the tumour was taken out' },
  location: { Description: 'Where the tumour was' },
}

const recurrenceColumns = {
  MeasurementToolMetadata: { Description: 'Outcome after the operation, counted in days from it' },
  event: { Description: 'Whether the tumour was seen to come back', Levels: { 0: 'no', 1: 'yes' } },
  event_days: { Description: 'When it was seen to come back', Units: 'days' },
  event_type: { Description: 'Kind of event' },
  last_followup_days: { Description: 'Until when the child was followed', Units: 'days' },
  treatment_change_days: { Description: 'When treatment changed', Units: 'days' },
}

const sessionColumns = {
  acq_time: { Description: 'When the scan was made; shifted by one offset a child to before 1925' },
  days_since_surgery: { Description: 'Days between operation and visit', Units: 'days' },
  scanner: { Description: "Which of the hospital's scanners" },
}

function participantsTable(children: readonly ListedChild[]): string {
  const rows = children.map(({ hospital, identity }) => {
    const { participant, age, sex, grade, resection, location } = identity
    return [participant, hospital, age, sex, grade, resection, location]
  })
  return table(['participant_id', ...Object.keys(participantColumns)], rows)
}

function recurrenceTable(children: readonly ListedChild[]): string {
  const rows = children
    .filter(({ outcomeKnown }) => outcomeKnown)
    .map(({ identity, child: { eventDay, lastFollowUpDay } }) => {
      const event = eventDay === undefined ? [0, 'n/a', 'n/a'] : [1, eventDay, 'recurrence']
      return [identity.participant, ...event, lastFollowUpDay, 'n/a']
    })
  const columns = ['event', 'event_days', 'event_type', 'last_followup_days', 'treatment_change_days']
  return table(['participant_id', ...columns], rows)
}

function sessionsTable({ child, identity, scanners }: ListedChild): string {
  const rows = sessionsByName(identity).map(({ session, day, acquiredAt }) => {
    return [session, acquiredAt, day, scanners[child.days.indexOf(day)] ?? 'n/a']
  })
  return table(['session_id', ...Object.keys(sessionColumns)], rows)
}

function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [columns, ...rows].map((row) => `${row.join('\t')}\n`).join('')
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
