// Data sets for tests: a map of paths and texts that starts sound and is spoiled by each test, written to a folder of
// its own. Images are short texts; a preparer that reads them stands for the imaging pipeline.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { sha256 } from '../../../shared/digest.ts'
import { SequelaError } from '../../../shared/protocol/errors.ts'
import { type ImageStudy, isImageStudy, parseStudy, type StudyFile } from '../../../shared/study/study.ts'
import { type Cohort, loadCohort } from '../cohort.ts'
import type { Finding } from '../finding.ts'
import type { ScanPreparer } from '../prepare-visit.ts'

/** Texts by path below the data folder. */
export type DataSet = Map<string, string | Uint8Array>

export interface ListedVisit {
  readonly session: string
  readonly day?: number | string
  readonly time?: string
}

/** A sound data set: children with their visits, all listed, each visit with one FLAIR image. */
export function dataSet(children: Readonly<Record<string, readonly ListedVisit[]>>): DataSet {
  const names = Object.keys(children)
  const files: DataSet = new Map([
    ['dataset_description.json', '{"Name": "Test", "BIDSVersion": "1.10.0"}'],
    ['participants.tsv', rows([['participant_id', 'age'], ...names.map((child) => [child, '7'])])],
    ['phenotype/recurrence.json', '{}'],
    ['phenotype/recurrence.tsv', outcomes({})],
  ])
  for (const [child, visits] of Object.entries(children)) {
    files.set(`${child}/${child}_sessions.tsv`, visitTable(visits))
    for (const { session } of visits) files.set(imagePath(child, session), `image of ${child} ${session}`)
  }
  return files
}

/** Rows of the table of outcomes as `event event_days event_type last_followup_days treatment_change_days`. */
export function outcomes(byChild: Readonly<Record<string, string>>): string {
  const columns = ['event', 'event_days', 'event_type', 'last_followup_days', 'treatment_change_days']
  return rows([
    ['participant_id', ...columns],
    ...Object.entries(byChild).map(([child, text]) => [child, ...text.split(' ')]),
  ])
}

export function visitTable(visits: readonly ListedVisit[]): string {
  return rows([
    ['session_id', 'acq_time', 'days_since_surgery'],
    ...visits.map(({ session, day, time }) => [session, time ?? 'n/a', String(day ?? 'n/a')]),
  ])
}

export function rows(cells: readonly (readonly string[])[]): string {
  return cells.map((row) => `${row.join('\t')}\n`).join('')
}

export function imagePath(child: string, session: string, rest = 'FLAIR.nii.gz'): string {
  return `${child}/${session}/anat/${child}_${session}_${rest}`
}

/** Writes a data set to a folder that is removed when the test is over. */
export function writeDataSet(files: DataSet): string {
  const folder = temporaryFolder()
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sequela-cohort-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** `stages` are given as YAML lines; both tasks when left out. */
export function testStudy(stages?: readonly string[]): ImageStudy {
  return ofImages(testStudyFile(stages))
}

/** The same of a study that shows FLAIR and T2w at once. */
export function togetherStudy(): ImageStudy {
  return ofImages(testStudyFile(undefined, '{ all: [FLAIR, T2w] }'))
}

function ofImages({ study }: StudyFile): ImageStudy {
  if (!isImageStudy(study)) throw new Error('it is one of images')
  return study
}

/** @param sequences as the study file names them */
export function testStudyFile(stages?: readonly string[], sequences = '[FLAIR, T2w]'): StudyFile {
  const both = [
    '{ task: ordering, rounds: 2, learningRate: 1e-3 }',
    '{ task: recurrence, rounds: 2, learningRate: 1e-3, horizonDays: 365 }',
  ]
  const text = `
study: test
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: ${sequences} }
sites: [here]
folds: { train: 0.6, validation: 0.2, test: 0.2 }
stages:
${(stages ?? both).map((stage) => `  - ${stage}`).join('\n')}
round: { quorum: 1, deadline: 1h }
policy: { minChildren: 2, minCell: 2 }
`
  return parseStudy(text)
}

/** Takes every text for a scan, but refuses those that begin with `unreadable` or `unsuitable`. */
export function textPreparer(): ScanPreparer & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    prepare: (path) => {
      asked.push(path)
      const content = readFileSync(path, 'utf8')
      for (const code of ['scan_unreadable', 'scan_unsuitable', 'disk_full'] as const) {
        if (content.startsWith(code)) return Promise.reject(new SequelaError(code, `${path}: it is ${code}.`))
      }
      const contentDigest = sha256(content)
      return Promise.resolve({ file: `/cache/${contentDigest}.f32`, contentDigest })
    },
    join: (images) => {
      const names = images.map((image) => image?.contentDigest ?? 'missing')
      return Promise.resolve(`/cache/${sha256(names.join())}.f32`)
    },
  }
}

/** Two sound children; `sub-a` has an event on day 700. */
export function soundSet(): DataSet {
  const files = dataSet({
    'sub-a': [
      { session: 'ses-z', day: 90, time: '1867-06-15T13:45:30' },
      { session: 'ses-10', day: 400, time: '1868-04-20T08:00:00' },
      { session: 'ses-2', day: 600 },
    ],
    'sub-b': [
      { session: 'ses-1', day: 30 },
      { session: 'ses-2', day: 200 },
    ],
  })
  return files.set('phenotype/recurrence.tsv', outcomes({ 'sub-a': '1 700 recurrence 900 n/a' }))
}

/** The cohort of a folder for the test study. */
export function loadFolder(root: string, study = testStudy()): Promise<Cohort> {
  return loadCohort({ root, study, site: 'here' })
}

/** The findings of a set, in short. */
export async function findingsOf(files: DataSet): Promise<string[]> {
  return told((await loadFolder(writeDataSet(files))).findings)
}

/** Each finding as `what-is-held/rule place: sentence`. */
export function told(findings: readonly Finding[]): string[] {
  return findings.map(({ holds, rule, child, visit, sentence }) => {
    const place = [`${holds}/${rule}`, child, visit].filter((part) => part !== undefined).join(' ')
    return `${place}: ${sentence}`
  })
}
