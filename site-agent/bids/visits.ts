// A child's visits: which sessions there are, on which day, and which image of each is taken. Order is by time, never by
// a label: ses-10 may well come before ses-2.

import { lstat, readdir, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { cell, invalid, numberCell, type Table, type TableRow } from './tsv.ts'

/** A visit with its image. Paths: absolute for reading, relative to the data set for sentences. */
export interface FoundVisit {
  readonly session: string
  readonly day: number
  readonly scanPath: string
  readonly relativePath: string
}

/** Something that is not used, and why, in words for the data manager. Never leaves the site. */
export interface Finding {
  readonly child?: string
  readonly scan?: string
  readonly what: string
}

const dayMs = 86_400_000

/** Visits of one child in order of time, and what is held back. */
export async function findVisits(request: {
  readonly root: string
  readonly child: string
  readonly sessions: Table
  readonly sequences: readonly string[]
}): Promise<{ readonly visits: readonly FoundVisit[]; readonly findings: readonly Finding[] }> {
  const { root, child, sessions, sequences } = request
  const findings: Finding[] = []
  const hold = (what: string, scan?: string): void =>
    void findings.push({ child, what, ...(scan === undefined ? {} : { scan }) })
  const days = daysOf(sessions)
  const visits: FoundVisit[] = []
  for (const { session, day } of days) {
    if (day === undefined) {
      hold(`${session} has neither days_since_surgery nor a date that can be counted from; it is held back`)
      continue
    }
    const images = await imagesOf(join(root, child, session, 'anat'), `${child}_${session}`, sequences)
    const [first, ...others] = images
    if (first === undefined) {
      hold(`${session} has no ${sequences.join(' or ')} image in ${child}/${session}/anat; it is held back`)
      continue
    }
    if (others.length > 0)
      hold(`${session} has ${images.length} images of ${first.sequence}; the first by name is taken`, first.name)
    const scanPath = join(root, child, session, 'anat', first.name)
    const relativePath = relative(root, scanPath)
    if (await leadsOutside(root, scanPath)) {
      hold('the image is a link that leads out of the data set; it is held back', relativePath)
      continue
    }
    visits.push({ session, day, scanPath, relativePath })
  }
  visits.sort((a, b) => a.day - b.day)
  const sameDay = new Set(visits.filter((visit) => visits.some((other) => other !== visit && other.day === visit.day)))
  for (const visit of sameDay)
    hold(`${visit.session} is on the same day as another visit; both are held back`, visit.relativePath)
  return { visits: visits.filter((visit) => !sameDay.has(visit)), findings }
}

/** Sessions of a table with their day since surgery; from dates, counted from the first visit, when no days are given. */
function daysOf(table: Table): readonly { readonly session: string; readonly day: number | undefined }[] {
  const rows = table.rows.map((row) => {
    const session = cell(table, row, 'session_id')
    if (session === null || !/^ses-[0-9a-zA-Z+]+$/.test(session)) {
      throw invalid(
        table.name,
        `line ${row.line}: "${session ?? 'n/a'}" is not a session id (ses- and letters or digits)`,
      )
    }
    return { session, given: numberCell(table, row, 'days_since_surgery'), dateMs: dateOf(table, row) }
  })
  const twice = rows.find(({ session }, i) => rows.findIndex((row) => row.session === session) !== i)
  if (twice !== undefined) throw invalid(table.name, `${twice.session} stands in it twice`)
  const first = Math.min(...rows.flatMap(({ dateMs }) => (dateMs === undefined ? [] : [dateMs])))
  const anyDays = rows.some(({ given }) => given !== null)
  return rows.map(({ session, given, dateMs }) => {
    if (given !== null) return { session, day: given }
    return { session, day: anyDays || dateMs === undefined ? undefined : Math.round((dateMs - first) / dayMs) }
  })
}

/**
 * The visit's date in ms; undefined where the table gives none. A time without a zone is read as UTC: JavaScript would take
 * local time, which in the nineteenth century and over a change of zone makes intervals jump.
 */
function dateOf(table: Table, row: TableRow): number | undefined {
  const text = row.values.get('acq_time') ?? null
  if (text === null) return undefined
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?))?(Z|[+-]\d{2}:\d{2})?$/.exec(text)
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? '00:00:00'}${match[3] ?? 'Z'}`)
  if (Number.isFinite(ms)) return ms
  throw invalid(
    table.name,
    `line ${row.line}, column "acq_time": "${text.slice(0, 40)}" is not a date like 1912-03-04T10:30:00`,
  )
}

interface FoundImage {
  readonly name: string
  readonly sequence: string
}

/** Images of the first sequence, in the study's order, that the folder has; sorted by name. */
async function imagesOf(folder: string, prefix: string, sequences: readonly string[]): Promise<readonly FoundImage[]> {
  const names = await readdir(folder).catch(() => [])
  for (const sequence of sequences) {
    const pattern = new RegExp(`_${sequence}\\.nii(\\.gz)?$`)
    const found = names.filter((name) => name.startsWith(`${prefix}_`) && pattern.test(name)).sort()
    if (found.length > 0) return found.map((name) => ({ name, sequence }))
  }
  return []
}

async function leadsOutside(root: string, path: string): Promise<boolean> {
  const real = await realpath(path).catch((error: unknown) => {
    throw new SequelaError('file_unreadable', 'an image cannot be read', { cause: error })
  })
  const info = await lstat(real)
  return !real.startsWith((await realpath(root)) + sep) || !info.isFile()
}
