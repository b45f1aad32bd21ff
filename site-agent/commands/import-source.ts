// From the options of `site import` to where the images come from.

import { stat } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { seededRandom } from '../../shared/random.ts'
import { systemCode } from '../../shared/system-code.ts'
import { parseAcquisitionTime } from '../cohort/acquisition-time.ts'
import { folderSource, type ImportSource } from '../dicom/import-source.ts'
import { readCredentials } from '../dicomweb/credentials.ts'
import { createPacs, type StudyFilter } from '../dicomweb/pacs.ts'
import { connectPacs } from '../dicomweb/pacs-connection.ts'
import { pacsSource } from '../dicomweb/pacs-source.ts'

export interface SourceOptions {
  readonly dicom?: string
  readonly dicomweb?: string
  readonly from?: string
  readonly until?: string
  readonly pacsHeader?: string
  readonly pacsCa?: string
  readonly pacsCert?: string
  readonly pacsKey?: string
}

export interface OpenSource extends AsyncDisposable {
  readonly source: ImportSource
}

export interface SourceContext {
  /** By patient id. */
  readonly map: ReadonlyMap<string, unknown>
  readonly into: string
  readonly incomingFolder: string
}

/** @throws SequelaError `usage`, `config_invalid`, `file_unreadable` */
export async function openSource(options: SourceOptions, context: SourceContext): Promise<OpenSource> {
  const { dicom, dicomweb } = options
  if (dicom !== undefined && dicomweb === undefined) {
    const source = folderSource(await folderOf(dicom, context.into))
    return { source, [Symbol.asyncDispose]: () => Promise.resolve() }
  }
  if (dicomweb === undefined || dicom !== undefined) {
    throw new SequelaError('usage', 'say where the images come from: --dicom FOLDER or --dicomweb URL')
  }
  const filters = filtersOf(options, context.map)
  const credentials = await readCredentials(
    {
      headerFile: options.pacsHeader,
      caFile: options.pacsCa,
      certificateFile: options.pacsCert,
      keyFile: options.pacsKey,
    },
    process.env,
  )
  const connection = connectPacs(dicomweb, credentials)
  const pacs = createPacs({ connection, random: seededRandom(String(process.pid)) })
  return {
    source: pacsSource({ pacs, filters, incomingFolder: context.incomingFolder }),
    [Symbol.asyncDispose]: () => Promise.resolve(connection.close()),
  }
}

/** With a map, its patients; else everybody within the dates. */
function filtersOf({ from, until }: SourceOptions, map: ReadonlyMap<string, unknown>): StudyFilter[] {
  const dates = { from: dateOf('--from', from), until: dateOf('--until', until) }
  if (map.size > 0) return [...map.keys()].map((patientId) => ({ ...dates, patientId }))
  if (dates.from === undefined && dates.until === undefined) {
    throw new SequelaError(
      'usage',
      'a PACS holds more than children with glioma: give the patients with --map, or dates with --from and --until',
    )
  }
  return [{ ...dates, patientId: undefined }]
}

/** As DICOM writes it. */
function dateOf(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (text.length !== 10 || parseAcquisitionTime(text) === undefined) {
    throw new SequelaError('usage', `${option} is no date; write YYYY-MM-DD`)
  }
  return text.replaceAll('-', '')
}

async function folderOf(folder: string, into: string): Promise<string> {
  const path = resolve(folder)
  const found = await stat(path).catch((cause: unknown) => {
    const message = `the DICOM folder ${folder} cannot be opened (${systemCode(cause)})`
    throw new SequelaError('file_unreadable', message, { cause })
  })
  if (!found.isDirectory()) throw new SequelaError('file_unreadable', `${folder} is not a folder`)
  if (into === path || into.startsWith(path + sep)) {
    throw new SequelaError('usage', 'the BIDS folder must not lie inside the folder that is imported')
  }
  return path
}
