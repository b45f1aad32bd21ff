// `site import`: DICOM files or a PACS into the site's own BIDS folder, with the reasons for every choice.

import { mkdir } from 'node:fs/promises'
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
import { openSource, type SourceOptions } from './import-source.ts'

export interface ImportOptions extends SourceOptions {
  readonly into?: string
  readonly map?: string
  readonly dryRun?: true
  readonly json?: true
}

/**
 * Imports and prints the report.
 * @throws SequelaError as `importDicom`; `import_incomplete` when series were missed that may come another time, `cohort_empty`
 *   when nothing was of use.
 */
export async function importScans(home: SiteHome, options: ImportOptions): Promise<void> {
  const into = options.into === undefined ? (await readSettings(home)).data : resolve(options.into)
  const map = options.map === undefined ? new Map() : await readMapFile(options.map)
  await using opened = await openSource(options, { map, into, incomingFolder: join(home.importFolder, 'incoming') })
  const dryRun = options.dryRun === true
  if (!dryRun) await makeFolder(into)
  const unlock = lockImport(home)
  const converter = createConverter({ writableFolder: into })
  const progress = importProgress(process.stderr, options.json !== true)
  try {
    const report = await importDicom({
      source: opened.source,
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
    const missed = report.held.filter(({ rule }) => rule === 'missed').length
    if (missed > 0) {
      const message = `not all of the series came (${missed} missed); the reasons stand above. Run the same command again`
      throw new SequelaError('import_incomplete', message)
    }
    if (report.children.length === 0) {
      throw new SequelaError('cohort_empty', 'no series can be imported; the reasons stand above')
    }
  } finally {
    progress.clear()
    await converter.close()
    unlock()
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o750 }).catch((cause: unknown) => {
    throw new SequelaError('file_unreadable', `${folder} cannot be made (${systemCode(cause)})`, { cause })
  })
}
