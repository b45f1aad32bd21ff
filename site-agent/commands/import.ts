// `site import`: DICOM into the site's own BIDS folder, with the reasons for every choice.

import { mkdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { stopSignal } from '../../shared/command-line.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { createConverter } from '../dicom/converter.ts'
import { importDicom } from '../dicom/import.ts'
import { readMapFile } from '../dicom/map-file.ts'
import { importReportText } from '../dicom/report.ts'
import { readSettings, type SiteHome } from '../home.ts'
import { lockImport } from '../home-lock.ts'
import { importProgress } from './import-progress.ts'

export interface ImportOptions {
  readonly dicom: string
  readonly into?: string
  readonly map?: string
  readonly dryRun?: true
  readonly json?: true
}

/** Imports and prints the report. @throws SequelaError as `importDicom`; `cohort_empty` when nothing was of use. */
export async function importScans(home: SiteHome, options: ImportOptions): Promise<void> {
  const dicom = await folderOf(options.dicom)
  const into = options.into === undefined ? (await readSettings(home)).data : resolve(options.into)
  if (into === dicom || into.startsWith(`${dicom}/`)) {
    throw new SequelaError('usage', 'the BIDS folder must not lie inside the folder that is imported')
  }
  const map = options.map === undefined ? new Map() : await readMapFile(options.map)
  const dryRun = options.dryRun === true
  if (!dryRun) {
    await mkdir(into, { recursive: true, mode: 0o750 }).catch((cause: unknown) => {
      throw new SequelaError('file_unreadable', `${into} cannot be made (${systemCode(cause)})`, { cause })
    })
  }
  const unlock = lockImport(home)
  const converter = createConverter({ writableFolder: into })
  const progress = importProgress(process.stderr, options.json !== true)
  try {
    const report = await importDicom({
      dicom,
      into,
      map,
      dryRun,
      converter,
      childrenFile: join(home.importFolder, 'children.tsv'),
      recordFile: join(home.importFolder, 'images.jsonl'),
      signal: stopSignal(),
      onProgress: progress.show,
    })
    progress.clear()
    process.stdout.write(`${options.json ? JSON.stringify(report) : importReportText(report)}\n`)
    if (report.children.length === 0) {
      throw new SequelaError('cohort_empty', 'no series can be imported; the reasons stand above')
    }
  } finally {
    progress.clear()
    await converter.close()
    unlock()
  }
}

async function folderOf(folder: string): Promise<string> {
  const path = resolve(folder)
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (cause: unknown) => {
      throw new SequelaError('file_unreadable', `the DICOM folder ${folder} cannot be opened (${systemCode(cause)})`, {
        cause,
      })
    },
  )
  if (!isFolder) throw new SequelaError('file_unreadable', `${folder} is not a folder`)
  return path
}
