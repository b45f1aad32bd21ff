// Writes the site's own longitudinal BIDS folder: tables that grow with each import, images under random ids. Visits are
// found again by their shifted date, so a later import adds to what is there.

import { access, mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { writeFileDurably } from '../durable-file.ts'
import { type GrowingTable, openTable } from './bids-table.ts'
import type { ImportRecord } from './import-record.ts'
import type { MappedOutcome } from './map-file.ts'
import type { PlannedChild, PlannedImage } from './plan.ts'
import { shiftedDate } from './report.ts'

const description = { Name: 'Imported from DICOM', BIDSVersion: '1.10.0', DatasetType: 'raw' }

const outcomeColumns = [
  'participant_id',
  'event',
  'event_days',
  'event_type',
  'last_followup_days',
  'treatment_change_days',
] as const

/** What the columns of the table of outcomes mean. BIDS asks for such a file beside each phenotype table. */
const outcomeDictionary = {
  event: {
    Description: 'Whether the tumour came back or another event was seen',
    Levels: { '0': 'no event', '1': 'event' },
  },
  event_days: { Description: 'When, counted from the index surgery', Units: 'd' },
  event_type: { Description: 'recurrence, progression, death or second_tumour' },
  last_followup_days: { Description: 'Until when the child was followed, counted from the index surgery', Units: 'd' },
  treatment_change_days: { Description: 'When treatment changed, counted from the index surgery', Units: 'd' },
}

/** A visit and the label of its folder. */
export type VisitLabels = ReadonlyMap<number, string>

/** The labels that a child's visits have, or would get. */
export async function labelVisits(root: string, planned: PlannedChild): Promise<VisitLabels> {
  return labelsIn(await visitTable(root, planned.child.participant), planned)
}

/** Writes the tables about a child, and returns the labels of its visits by real day. @throws SequelaError `table_invalid`. */
export async function writeChildTables(root: string, planned: PlannedChild): Promise<VisitLabels> {
  const { participant } = planned.child
  await writeOnce(join(root, 'dataset_description.json'), description)
  const chart = await openChart(root)
  chart.set(participant, {})
  await chart.save()
  if (planned.outcome !== undefined) await writeOutcome(root, participant, planned.outcome)
  const table = await visitTable(root, participant)
  const labels = labelsIn(table, planned)
  for (const [day, session] of labels) {
    const days = planned.surgeryDay === undefined ? {} : { days_since_surgery: String(day - planned.surgeryDay) }
    table.set(session, { acq_time: acquiredAt(day, planned), ...days })
  }
  await table.save()
  return labels
}

/**
 * Whether a child was imported before and is not in participants.tsv any more. Its row may have been taken out because
 * consent was, so nothing of it is imported again, whether its folder is still there or only the record knows of its images.
 * A child's row is written before anything else of it, so an import that was interrupted takes nobody out.
 */
export async function isWithdrawn(root: string, participant: string, record: ImportRecord): Promise<boolean> {
  const folder = join(root, participant)
  const isKnown = record.knowsBelow(folder) || (await exists(folder))
  return isKnown && !(await openChart(root)).rows.has(participant)
}

function openChart(root: string): Promise<GrowingTable> {
  return openTable(join(root, 'participants.tsv'), ['participant_id'])
}

/** The path of an image below the data folder. */
export function imagePath(participant: string, session: string, { weighting, contrast }: PlannedImage): string {
  const agent = contrast ? '_ce-gadolinium' : ''
  return `${participant}/${session}/anat/${participant}_${session}${agent}_${weighting}.nii.gz`
}

function visitTable(root: string, participant: string): Promise<GrowingTable> {
  const file = join(root, participant, `${participant}_sessions.tsv`)
  return openTable(file, ['session_id', 'acq_time', 'days_since_surgery'])
}

function labelsIn(table: GrowingTable, planned: PlannedChild): VisitLabels {
  const byTime = new Map([...table.rows].map(([session, cells]) => [cells.acq_time ?? '', session]))
  let last = Math.max(
    0,
    ...[...table.rows.keys()].map((session) => Number(/^ses-0*(\d{1,6})$/.exec(session)?.[1] ?? 0)),
  )
  return new Map(
    planned.visits.map(({ day }) => [
      day,
      byTime.get(acquiredAt(day, planned)) ?? `ses-${String(++last).padStart(3, '0')}`,
    ]),
  )
}

/** Midnight: the time of day is not kept. */
function acquiredAt(day: number, { child }: PlannedChild): string {
  return `${shiftedDate(day, child)}T00:00:00`
}

async function writeOutcome(root: string, participant: string, outcome: MappedOutcome): Promise<void> {
  const days = (value: number | undefined): string => (value === undefined ? 'n/a' : String(value))
  const table = await openTable(join(root, 'phenotype', 'recurrence.tsv'), outcomeColumns)
  table.set(participant, {
    event: String(outcome.event),
    event_days: days(outcome.eventDay),
    event_type: outcome.eventType ?? 'n/a',
    last_followup_days: days(outcome.lastFollowUpDay),
    treatment_change_days: days(outcome.treatmentChangeDay),
  })
  await table.save()
  await writeOnce(join(root, 'phenotype', 'recurrence.json'), outcomeDictionary)
}

async function writeOnce(file: string, content: object): Promise<void> {
  if (await exists(file)) return
  await mkdir(dirname(file), { recursive: true })
  await writeFileDurably(file, `${JSON.stringify(content, undefined, 2)}\n`, 0o640)
}

/** Removes what an import that was killed had written of an image. Only while no other import runs. */
export async function removeHalves(file: string): Promise<void> {
  for (const name of await readdir(dirname(file))) {
    if (name.startsWith(`${basename(file)}.`) && name.endsWith('.tmp')) await rm(join(dirname(file), name))
  }
}

/** Whether there is a file or folder. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
