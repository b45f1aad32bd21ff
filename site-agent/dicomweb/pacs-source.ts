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
import type { ImportSource } from '../dicom/import-source.ts'
import type { PlannedImage } from '../dicom/plan.ts'
import type { Located } from '../dicom/stacks.ts'
import { writeFileDurably } from '../durable-file.ts'
import type { Pacs, SeriesKey, StudyFilter } from './pacs.ts'
import { AccessRefused, PassingFault } from './pacs-connection.ts'

export interface PacsSourceOptions {
  readonly pacs: Pacs
  /** Asked one after the other. */
  readonly filters: readonly StudyFilter[]
  /** Where files lie until they are converted. */
  readonly incomingFolder: string
}

export function pacsSource({ pacs, filters, incomingFolder }: PacsSourceOptions): ImportSource {
  return {
    scan: async ({ signal, onProgress }) => {
      const images: Located[] = []
      const unreadable = new Map<string, number>()
      const unreadableSeries: UnreadableSeries[] = []
      for (const filter of filters) {
        for await (const series of pacs.series(filter, signal)) {
          const headers = await pacs.headers(series, signal).catch((error: unknown) => {
            if (!isAboutOneSeries(error)) throw error
            const { patientId, day, seriesNumber, images } = series
            unreadableSeries.push({ patientId, day, seriesNumber, images, reason: error.message })
            return []
          })
          for (const fields of headers) {
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
      return { images, copies: 0, foreign: 0, unreadable, unreadableSeries } satisfies ScannedFolder
    },
    fetch: async (image, signal) => {
      const folder = join(incomingFolder, sha256(image.stack.instance.identifiers.seriesUid))
      await fetchSeries(pacs, image, folder, signal).catch(async (error: unknown) => {
        if (!isAboutOneSeries(error)) throw error
        // What cannot be used is not kept.
        await rm(folder, { recursive: true, force: true })
        throw new SequelaError('scan_unreadable', error.message, { cause: error })
      })
      const { images } = await scanFolder(folder, signal === undefined ? {} : { signal })
      return { images, release: () => rm(folder, { recursive: true, force: true }) }
    },
  }
}

/**
 * Whether the PACS refuses this series, or says something of it that cannot be used, and others may be better. A fault that
 * passes has been tried long enough, and refused access is refused for all: these end the import.
 */
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
  const there = new Set(await readdir(folder))
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
