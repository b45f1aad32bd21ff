// `site prepare`: registers, masks and normalises every scan that a study would use, so that the first round need not. What is
// done is kept; called again after an interruption it goes on there, and `site run` takes from the same cache.

import { stopSignal } from '../../shared/command-line.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { isPreparedVolume, readyCohort } from '../children.ts'
import { maskAgreement } from '../cohort/mask-agreement.ts'
import type { SiteHome } from '../home.ts'
import { readIdentity } from '../identity-file.ts'
import { settingsOf, studyOf } from './check-data.ts'
import { preparationSummary, renderPreparation } from './preparation-text.ts'
import { preparingProgress } from './preparing-progress.ts'

export interface PrepareCommandOptions {
  readonly study?: string
  readonly data?: string
  /** Processes at once; 1 or 2. */
  readonly processes: number
  readonly json?: true
}

/** Prints a summary. @throws SequelaError `cohort_empty` when no scan can be used, `cancelled`, `table_invalid`. */
export async function prepare(home: SiteHome, options: PrepareCommandOptions): Promise<void> {
  if (options.processes < 1 || options.processes > 8) {
    throw new SequelaError(
      'usage',
      `--processes ${options.processes}: give a number from 1 to 8; each takes up to 1 GB, with a brain mask by network 1.5 GB`,
    )
  }
  const settings = await settingsOf(home, options.data)
  const study = await studyOf(home, options.study)
  const site = await readIdentity(home.identityFile).then(
    (identity) => identity.site,
    () => study.study.sites[0] ?? 'here',
  )
  const progress = preparingProgress(process.stderr)
  const begunMs = performance.now()
  let done = 0
  const ready = readyCohort({ home, settings, site }, study, {
    processes: options.processes,
    signal: stopSignal(),
    onProgress: (prepared, total) => {
      done = prepared
      progress.onProgress(prepared, total)
    },
  })
  const { cohort, prepared } = await ready.catch((error: unknown) => {
    progress.end()
    if (!(error instanceof SequelaError) || error.code !== 'cancelled') throw error
    const message = `stopped after ${done} scans, which are kept; the same command goes on there`
    throw new SequelaError('cancelled', message, { cause: error })
  })
  progress.end()
  const summary = preparationSummary({
    study: study.study.study,
    scans: cohort.children.reduce((sum, { scans }) => sum + scans.length, 0),
    prepared: prepared.volumes.size,
    registrations: [...prepared.volumes.values()].filter(isPreparedVolume).map(({ registration }) => registration),
    sequences: prepared.sequences,
    maskAgreement: maskAgreement(prepared),
    findings: [...cohort.findings.filter(({ holds }) => holds === 'image'), ...prepared.findings],
    seconds: (performance.now() - begunMs) / 1000,
  })
  process.stdout.write(`${options.json ? JSON.stringify(summary) : renderPreparation(summary)}\n`)
  if (summary.prepared === 0)
    throw new SequelaError('cohort_empty', 'no scan could be prepared; the reasons stand above')
}
