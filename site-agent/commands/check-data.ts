// `site check-data`: what of this hospital's data would be used, in words. Prepares the scans on the way, so the first
// round need not.

import { access, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { parseStudy, type StudyFile } from '../../shared/study/study.ts'
import { studyText } from '../../shared/study/study-text.ts'
import { readyCohort } from '../children.ts'
import { renderCheckReport } from '../cohort/check-report.ts'
import { checkReport, isUsable } from '../cohort/checks.ts'
import { writeCheckPage } from '../data-check/write-page.ts'
import { readSettings, type SiteHome, type SiteSettings } from '../home.ts'
import { readIdentity } from '../identity-file.ts'
import { approvedStudies } from './approved-studies.ts'

export interface CheckDataOptions {
  readonly study?: string
  readonly data?: string
  readonly json?: true
  /** A page to write, with pictures of every scan. */
  readonly html?: string
}

const usualNote =
  'No study is approved here and none is named with --study, so the data is checked for a usual one: FLAIR or T2w without\n' +
  'skulls, in template space. A study with registration: rigid takes whole heads as well; ask the coordinator for its file.\n'

/** What is assumed before any study is known: preset `tiny` on FLAIR, in template space. */
const usualStudy = `
study: check
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR, T2w] }
sites: [here]
folds: { train: 0.8, validation: 0.2, test: 0 }
stages:
  - { task: ordering, rounds: 1, learningRate: 1e-3 }
  - { task: recurrence, rounds: 1, learningRate: 1e-3, events: [recurrence, progression] }
round: { quorum: 1, deadline: 1h }
policy: {}
`

/** Prints the report. @throws SequelaError `cohort_empty` when nothing is usable, `table_invalid`. */
export async function checkData(home: SiteHome, options: CheckDataOptions): Promise<void> {
  const settings = await settingsOf(home, options.data)
  const study = await studyOf(home, options.study)
  if (study.digest === parseStudy(usualStudy).digest) process.stderr.write(usualNote)
  const site = await readIdentity(home.identityFile).then(
    (identity) => identity.site,
    () => study.study.sites[0] ?? 'here',
  )
  const showsProgress = process.stderr.isTTY && !options.json
  const { cohort, prepared } = await readyCohort({ home, settings, site }, study, {
    onProgress: (done, total) => {
      if (showsProgress) process.stderr.write(`\rpreparing scan ${done} of ${total} `)
    },
  })
  if (showsProgress) process.stderr.write('\r\u001b[K')
  const report = checkReport(cohort, prepared)
  process.stdout.write(`${options.json ? JSON.stringify(report) : renderCheckReport(report)}\n`)
  if (options.html !== undefined) {
    await writeCheckPage({
      ...{ file: options.html, report, cohort, prepared, study: study.study },
      onProgress: (done, total) => {
        if (showsProgress) process.stderr.write(`\rdrawing scan ${done} of ${total} `)
      },
    })
    if (showsProgress) process.stderr.write('\r\u001b[K')
    process.stderr.write(`The page is in ${options.html}. It shows children and stays at the hospital.\n`)
  }
  if (!isUsable(report)) throw new SequelaError('cohort_empty', 'no child can be used; the reasons stand above')
}

/** Settings for `--data`, or those of the enrolment. */
export async function settingsOf(home: SiteHome, data: string | undefined): Promise<SiteSettings> {
  if (data === undefined) return readSettings(home)
  const isEnrolled = await access(home.settingsFile).then(
    () => true,
    () => false,
  )
  const settings = isEnrolled ? await readSettings(home) : undefined
  // Layout and tables in the settings are those of the folder that they name, and of no other.
  if (settings?.data === resolve(data)) return settings
  const { brainMask } = settings ?? {}
  return { data: resolve(data), threads: 1, ...(brainMask === undefined ? {} : { brainMask }) }
}

/** The study in `--study`, or the last that was approved, or the usual pipeline. */
export async function studyOf(home: SiteHome, file: string | undefined): Promise<StudyFile> {
  if (file !== undefined) {
    const bytes = await readFile(file).catch((error: unknown) => {
      throw new SequelaError('file_unreadable', `the study file ${file} cannot be read`, { cause: error })
    })
    return parseStudy(studyText(bytes))
  }
  const approved = await approvedStudies(home)
  const last = approved.at(-1)
  if (last !== undefined && approved.length > 1) {
    const others = `${approved.length - 1} other${approved.length > 2 ? 's are' : ' is'} approved too`
    process.stderr.write(
      `This is about study ${last.study.study}, approved last; ${others}. Name a file with --study.\n`,
    )
  }
  return last ?? parseStudy(usualStudy)
}
