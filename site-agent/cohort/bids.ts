// One child's folder of a longitudinal BIDS data set: its visits, the images of each and the tables about them. Nothing
// is chosen or judged here but names; what does not belong is told.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { DataFolder } from './data-folder.ts'
import { type Finding, fewOf, quoted, type Rule } from './finding.ts'
import type { Image } from './image-choice.ts'
import { isSession, looksLikeImage, parseScanName } from './scan-name.ts'
import { maxTableBytes, parseTsv } from './tsv.ts'
import { parseVisitTable, type VisitRow, type VisitTable } from './visit-table.ts'

/** A child with a visit a week for four years has as many. */
const maxVisits = 200

export interface BidsVisit {
  readonly session: string
  /** Images of any sequence, by name. */
  readonly images: readonly Image[]
  /** Its row in the visit table. */
  readonly row: VisitRow | undefined
  /** acq_time texts of the visit's scan table, by path below the data folder. */
  readonly scanTimes: ReadonlyMap<string, string>
}

export interface BidsChild {
  readonly participant: string
  /** By label, which says nothing of time. Empty when the child is held. */
  readonly visits: readonly BidsVisit[]
  readonly findings: readonly Finding[]
}

/** Where a data set lies. Preprocessed images may lie apart from the tables of the raw data set they were made from. */
export interface BidsFolders {
  readonly images: DataFolder
  /** In this order. */
  readonly tables: readonly DataFolder[]
}

/** Reads one child's folder. @param chartColumns columns of participants.tsv, which visit tables must not repeat */
export async function readChild(
  folders: BidsFolders,
  participant: string,
  chartColumns: readonly string[],
): Promise<BidsChild> {
  const findings: Finding[] = []
  const held = (rule: Rule, sentence: string): BidsChild => {
    findings.push({ holds: 'child', rule, child: participant, sentence })
    return { participant, visits: [], findings }
  }
  try {
    const names = (await folders.images.list(participant)) ?? []
    const sessions = names.filter(isSession)
    if (sessions.length === 0)
      return held('no-visits', 'it has no visit folders (ses-…); scans of one visit have no order.')
    if (sessions.length > maxVisits) return held('too-many-visits', `it has more than ${maxVisits} visit folders.`)
    for (const name of names.filter((name) => /^ses[-_ ]/i.test(name) && !isSession(name))) {
      const sentence = `${quoted(name)} is not used: visit folders are called ses- and letters or digits.`
      findings.push({ holds: 'scan', rule: 'folder-name', child: participant, sentence })
    }
    const table = await readVisitTable(folders, participant)
    findings.push(...tableFindings(participant, sessions, table, chartColumns))
    const visits: BidsVisit[] = []
    for (const session of sessions) {
      const visit = await readVisit(folders, participant, session, findings)
      visits.push({ session, row: table?.rows.get(session), ...visit })
    }
    return { participant, visits, findings }
  } catch (error) {
    return held(ruleOf(error), sentenceOf(error))
  }
}

/** The first of the table folders that has the file. @throws SequelaError `file_unreadable`. */
export async function readTable(folders: BidsFolders, path: string): Promise<Uint8Array | undefined> {
  for (const folder of folders.tables) {
    const bytes = await folder.read(path, maxTableBytes)
    if (bytes !== undefined) return bytes
  }
  return undefined
}

async function readVisitTable(folders: BidsFolders, participant: string): Promise<VisitTable | undefined> {
  const path = `${participant}/${participant}_sessions.tsv`
  const bytes = await readTable(folders, path)
  return bytes === undefined ? undefined : parseVisitTable(path, bytes)
}

/** Joins visit folders and visit table, both ways. */
function tableFindings(
  child: string,
  sessions: readonly string[],
  table: VisitTable | undefined,
  chartColumns: readonly string[],
): Finding[] {
  if (table === undefined) return []
  const note = (sentence: string): Finding => ({ holds: 'nothing', rule: 'visit-table', child, sentence })
  const findings: Finding[] = []
  const rowless = sessions.filter((session) => !table.rows.has(session))
  const imageless = [...table.rows.keys()].filter((session) => !sessions.includes(session))
  const repeated = table.columns.filter((column) => column !== 'participant_id' && chartColumns.includes(column))
  if (rowless.length > 0) findings.push(note(`visits without a row in the visit table: ${fewOf(rowless)}.`))
  if (imageless.length > 0)
    findings.push(note(`visits in the table without a folder: ${fewOf(imageless.map(quoted))}.`))
  if (repeated.length > 0) {
    findings.push(note(`the visit table repeats columns of participants.tsv: ${repeated.map(quoted).join(', ')}.`))
  }
  return findings
}

async function readVisit(
  folders: BidsFolders,
  child: string,
  session: string,
  findings: Finding[],
): Promise<Pick<BidsVisit, 'images' | 'scanTimes'>> {
  const about = { child, visit: session } as const
  const images: Image[] = []
  let names: readonly string[] = []
  try {
    names = (await folders.images.list(`${child}/${session}/anat`)) ?? []
  } catch (error) {
    findings.push({ holds: 'scan', rule: ruleOf(error), ...about, sentence: sentenceOf(error) })
  }
  for (const fileName of names) {
    const path = `${child}/${session}/anat/${fileName}`
    const name = parseScanName(fileName)
    if (name !== undefined && name.participant === child && name.session === session) images.push({ path, name })
    else if (name !== undefined) {
      const sentence = `${quoted(fileName)} lies in the folder of ${child}, ${session}, but is named after another.`
      findings.push({ holds: 'scan', rule: 'file-name', ...about, file: path, sentence })
    } else if (looksLikeImage(fileName)) {
      const wanted = `${child}_${session}[_…]_FLAIR.nii.gz`
      const sentence = `${quoted(fileName)} is not used: images are called ${wanted}, or the like.`
      findings.push({ holds: 'scan', rule: 'file-name', ...about, sentence })
    }
  }
  return { images, scanTimes: await readScanTimes(folders, child, session, names, findings) }
}

/** Joins images and scan table, both ways; a table that cannot be read is told and otherwise not there. */
async function readScanTimes(
  folders: BidsFolders,
  child: string,
  session: string,
  present: readonly string[],
  findings: Finding[],
): Promise<ReadonlyMap<string, string>> {
  const path = `${child}/${session}/${child}_${session}_scans.tsv`
  const note = (sentence: string): void => {
    findings.push({ holds: 'nothing', rule: 'scan-table', child, visit: session, sentence })
  }
  const times = new Map<string, string>()
  try {
    const bytes = await readTable(folders, path)
    if (bytes === undefined) return times
    const fileless: string[] = []
    const listed = new Set<string>()
    for (const row of parseTsv(path, bytes, ['filename']).rows) {
      const file = row.value('filename') ?? ''
      const time = row.value('acq_time')
      const isAnat = file.startsWith('anat/')
      if (isAnat && !present.includes(file.slice('anat/'.length))) fileless.push(quoted(file))
      if (listed.has(file)) note(`${path} line ${row.line}: ${quoted(file)} is there twice; the first row counts.`)
      else if (time !== undefined) times.set(`${child}/${session}/${file}`, time)
      listed.add(file)
    }
    const rowless = present.filter((name) => parseScanName(name) !== undefined && !listed.has(`anat/${name}`))
    if (rowless.length > 0) note(`${path} does not list ${fewOf(rowless)}.`)
    if (fileless.length > 0) note(`${path} lists images that are not there: ${fewOf(fileless)}.`)
  } catch (error) {
    note(`${sentenceOf(error)} The table is not used.`)
  }
  return times
}

function ruleOf(error: unknown): Rule {
  if (!(error instanceof SequelaError)) throw error
  return error.code === 'table_invalid' ? 'visit-table' : 'unreadable'
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof SequelaError)) throw error
  return `${error.message}.`
}
