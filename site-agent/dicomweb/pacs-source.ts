// A PACS as a source of images: plans are made from headers alone, and only series that are taken are fetched, into a
// folder of the agent's home that is emptied as soon as they are converted.

import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { parseDicomHeader } from '../dicom/dicom-file.ts'
import type { ScannedFolder, UnreadableSeries } from '../dicom/folder.ts'
import { scanFolder } from '../dicom/folder.ts'
import { readInstance } from '../dicom/header.ts'
import { type ImportSource, SeriesMissed } from '../dicom/import-source.ts'
import type { PlannedImage } from '../dicom/plan.ts'
import type { Located } from '../dicom/stacks.ts'
import { writeFileDurably } from '../durable-file.ts'
import type { ListedSeries, ListedStudy, Pacs, SeriesKey, StudyFilter } from './pacs.ts'
import { AccessRefused, PassingFault } from './pacs-connection.ts'

export interface PacsSourceOptions {
  readonly pacs: Pacs
  /** Asked one after the other. */
  readonly filters: readonly StudyFilter[]
  /** Where files lie until they are converted. */
  readonly incomingFolder: string
}

/**
 * So many series in a row that are not given are an archive that gives none: with a quarter of a minute for each it is said
 * soon, while the examinations of one broken medium are still passed over.
 */
const maxMissedInARow = 10

export function pacsSource(options: PacsSourceOptions): ImportSource {
  const { pacs, filters, incomingFolder } = options
  const patience = createPatience(options)
  return {
    scan: async ({ signal, onProgress }) => {
      const images: Located[] = []
      const unreadable = new Map<string, number>()
      const unreadableSeries: UnreadableSeries[] = []
      const listOf = async <T>(
        of: ListedStudy | ListedSeries,
        ask: () => Promise<readonly T[]>,
      ): Promise<readonly T[]> => {
        try {
          return await patience.with(ask, signal)
        } catch (error) {
          const missed = error instanceof SeriesMissed
          if (!missed && !isUnreadable(error)) throw error
          const { patientId, day } = of
          const { seriesNumber, images } = 'seriesUid' in of ? of : { seriesNumber: undefined, images: undefined }
          unreadableSeries.push({ patientId, day, seriesNumber, images, reason: error.message, missed })
          return []
        }
      }
      for (const filter of filters) {
        for await (const study of pacs.studies(filter, signal)) {
          for (const series of await listOf(study, () => pacs.series(study, signal))) {
            for (const fields of await listOf(series, () => pacs.headers(series, signal))) {
              try {
                images.push({ instance: readInstance(fields, ''), file: '' })
              } catch (error) {
                if (!(error instanceof SequelaError)) throw error
                unreadable.set(error.message, (unreadable.get(error.message) ?? 0) + 1)
              }
            }
            onProgress?.(images.length)
          }
        }
      }
      return { images, copies: 0, foreign: 0, unreadable, unreadableSeries } satisfies ScannedFolder
    },
    fetch: async (image, signal) => {
      const folder = join(incomingFolder, sha256(image.stack.instance.identifiers.seriesUid))
      try {
        await patience.with(() => fetchSeries(pacs, image, folder, signal), signal)
      } catch (error) {
        // What cannot be used is not kept.
        if (isUnreadable(error)) await rm(folder, { recursive: true, force: true })
        throw error
      }
      const { images } = await scanFolder(folder, signal === undefined ? {} : { signal })
      return { images, release: () => rm(folder, { recursive: true, force: true }) }
    },
  }
}

interface Patience {
  /**
   * Does something that concerns one series or study.
   * @throws SeriesMissed for a fault that may pass, as long as the PACS answers searches and gives other series; SequelaError
   *   `scan_unreadable` where this series is refused or not as it should be; what ends the import as it is.
   */
  with<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

/** Bears that single series are not given, until it looks as if none is. */
function createPatience({ pacs, filters }: PacsSourceOptions): Patience {
  let missedInARow = 0
  const search = async (signal?: AbortSignal): Promise<void> => {
    const [filter] = filters
    if (filter !== undefined) await pacs.studies(filter, signal)[Symbol.asyncIterator]().next()
  }
  return {
    with: async (work, signal) => {
      try {
        const result = await work()
        missedInARow = 0
        return result
      } catch (fault) {
        if (isAboutOneSeries(fault)) throw new SequelaError('scan_unreadable', fault.message, { cause: fault })
        if (!(fault instanceof PassingFault)) throw fault
        await search(signal)
        if (++missedInARow < maxMissedInARow) throw new SeriesMissed(fault.code, fault.message, { cause: fault })
        const message = `${fault.message}; ${missedInARow} series in a row did not come, though it answers searches. Ask whoever runs the PACS and run it again; if only these do not come, go round them with --map, --from and --until`
        throw new SequelaError(fault.code, message, { cause: fault })
      }
    },
  }
}

function isUnreadable(error: unknown): error is SequelaError {
  return error instanceof SequelaError && error.code === 'scan_unreadable'
}

/** Whether the PACS refuses this series, or says something of it that cannot be used. Refused access is refused for all. */
function isAboutOneSeries(error: unknown): error is SequelaError {
  if (!(error instanceof SequelaError) || error instanceof PassingFault || error instanceof AccessRefused) return false
  return error.code === 'pacs_refused' || error.code === 'message_malformed' || error.code === 'scan_unreadable'
}

/** Brings all images of a series into a folder; those that are there already are not fetched again. */
async function fetchSeries(pacs: Pacs, { stack }: PlannedImage, folder: string, signal?: AbortSignal): Promise<void> {
  const { studyUid, seriesUid } = stack.instance.identifiers
  const series: SeriesKey = { studyUid, seriesUid }
  const wanted = new Set(stack.slices.map(({ source }) => source.instance.identifiers.sopUid))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const names = new Set([...wanted].map(fileNameOf))
  const there = new Set<string>()
  for (const name of await readdir(folder)) {
    // Half a file of an import that was killed would pass for a second image of the same identifier.
    if (names.has(name)) there.add(name)
    else await rm(join(folder, name), { recursive: true, force: true })
  }
  const missing = (): string[] => [...wanted].filter((sopUid) => !there.has(fileNameOf(sopUid)))
  const keep = async (bytes: Uint8Array): Promise<void> => {
    const { fields, transferSyntax } = parseDicomHeader(bytes)
    const { sopUid } = readInstance(fields, transferSyntax).identifiers
    if (!wanted.has(sopUid)) return
    await writeFileDurably(join(folder, fileNameOf(sopUid)), bytes)
    there.add(fileNameOf(sopUid))
  }
  // All at once is quickest; what a cut line left out is asked for one by one.
  if (missing().length > 1 && there.size === 0) {
    try {
      for await (const bytes of pacs.files(series, maxImages(stack.slices.length), signal)) await keep(bytes)
    } catch (error) {
      if (!(error instanceof PassingFault)) throw error
    }
  }
  for (const sopUid of missing()) await keep(await pacs.file(series, sopUid, signal))
  if (missing().length > 0) throw new SequelaError('scan_unreadable', 'the PACS gave other images than it announced')
}

/** A series may hold more than the stack that is taken, such as further echoes. */
function maxImages(slices: number): number {
  return 16 * slices
}

function fileNameOf(sopUid: string): string {
  return `${sha256(sopUid)}.dcm`
}
