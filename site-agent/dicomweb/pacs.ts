// What is asked of a PACS, in DICOMweb (PS3.18): which studies and series there are (QIDO-RS), what their images' headers
// say, and the images themselves (WADO-RS). Failures that pass are tried again with growing pauses.

import { setTimeout as delay } from 'node:timers/promises'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Random } from '../../shared/random.ts'
import { backoffMs } from '../backoff.ts'
import { dayNumber, parseDateLabel } from '../cohort/acquisition-time.ts'
import { type Fields, numberOf, textOf } from '../dicom/fields.ts'
import { maxFileBytes } from '../dicom/limits.ts'
import { acquisition, identifying } from '../dicom/tags.ts'
import { parseDicomJson, uidIn } from './dicom-json.ts'
import { boundaryOf, partsOf } from './multipart.ts'
import { type PacsConnection, PassingFault } from './pacs-connection.ts'

/** Which studies are wanted. Dates as YYYYMMDD; the ends may be left open. */
export interface StudyFilter {
  readonly from: string | undefined
  readonly until: string | undefined
  readonly patientId: string | undefined
}

export interface SeriesKey {
  readonly studyUid: string
  readonly seriesUid: string
}

/** A study with what the PACS tells of it in its lists. */
export interface ListedStudy {
  readonly studyUid: string
  readonly patientId: string | undefined
  /** Since 1970. */
  readonly day: number | undefined
}

/** A series with what the PACS tells of it and its study in its lists. */
export interface ListedSeries extends ListedStudy, SeriesKey {
  readonly seriesNumber: number | undefined
  readonly images: number | undefined
}

export interface Pacs {
  /** The studies that match, page by page. */
  studies(filter: StudyFilter, signal?: AbortSignal): AsyncIterable<ListedStudy>
  /** MR series of a study. */
  series(study: ListedStudy, signal?: AbortSignal): Promise<readonly ListedSeries[]>
  /** Attributes of each image of a series, without pixels. */
  headers(series: SeriesKey, signal?: AbortSignal): Promise<readonly Fields[]>
  /** Whole files of a series, as they come; at most `count`. Not tried again: what came may be kept. */
  files(series: SeriesKey, count: number, signal?: AbortSignal): AsyncIterable<Uint8Array>
  /** One file of a series. */
  file(series: SeriesKey, sopUid: string, signal?: AbortSignal): Promise<Uint8Array>
}

export interface PacsOptions {
  readonly connection: PacsConnection
  readonly random: Random
  /** A parameter so that tests need not wait. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** Entries of one page; servers cut longer ones. */
const pageSize = 100
/** Pages of one question: 200,000 studies are more than a hospital has of children's heads. */
const maxPages = 2000
/** Headers of 2,000 images with 16 KiB of JSON each. */
const maxJsonBytes = 32 * 1024 * 1024
/** From half a second to 16: about half a minute in all. */
const attempts = 6

const json = 'application/dicom+json'
/** As stored: the PACS need not decompress, and lossless syntaxes are smaller. */
const files = 'multipart/related; type="application/dicom"; transfer-syntax=*'

export function createPacs({ connection, random, wait = pause }: PacsOptions): Pacs {
  const persistently = async <T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> => {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof PassingFault) || failures + 1 >= attempts) throw error
        await wait(backoffMs(failures, random), signal)
      }
    }
  }
  const ask = (path: string, signal?: AbortSignal): Promise<readonly Fields[]> =>
    persistently(signal, async () => {
      const { body } = await connection.get(path, json, signal)
      return parseDicomJson(await bodyText(body))
    })
  async function* pages(path: string, signal?: AbortSignal): AsyncGenerator<Fields> {
    const seen = new Set<string>()
    for (let page = 0; page < maxPages; page++) {
      const entries = await ask(`${path}&limit=${pageSize}&offset=${page * pageSize}`, signal)
      // A server that knows no offset gives the first page again and again.
      const fresh = entries.filter((entry) => !seen.has(keyOf(entry)))
      for (const entry of fresh) {
        seen.add(keyOf(entry))
        yield entry
      }
      if (entries.length < pageSize || fresh.length === 0) return
    }
  }
  const read = async function* (path: string, count: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { contentType, body } = await connection.get(path, files, signal)
    yield* partsOf(body, boundaryOf(contentType), { maxPartBytes: maxFileBytes, maxParts: count })
  }

  return {
    studies: async function* (filter, signal) {
      for await (const study of pages(`/studies?${queryOf(filter)}`, signal)) {
        yield {
          studyUid: uidIn(study, identifying.studyUid),
          patientId: textOf(study, identifying.patientId) ?? filter.patientId,
          day: dayOf(study),
        }
      }
    },
    series: async (study, signal) => {
      const listed: ListedSeries[] = []
      for await (const series of pages(`/studies/${study.studyUid}/series?Modality=MR`, signal)) {
        listed.push({
          ...study,
          seriesUid: uidIn(series, identifying.seriesUid),
          seriesNumber: numberOf(series, acquisition.seriesNumber),
          images: numberOf(series, acquisition.imagesOfSeries),
        })
      }
      return listed
    },
    headers: ({ studyUid, seriesUid }, signal) => ask(`/studies/${studyUid}/series/${seriesUid}/metadata`, signal),
    files: ({ studyUid, seriesUid }, count, signal) => read(`/studies/${studyUid}/series/${seriesUid}`, count, signal),
    file: ({ studyUid, seriesUid }, sopUid, signal) =>
      persistently(signal, async () => {
        for await (const file of read(`/studies/${studyUid}/series/${seriesUid}/instances/${sopUid}`, 1, signal))
          return file
        throw new SequelaError('pacs_refused', 'the PACS names an image that it does not give')
      }),
  }
}

function queryOf({ from, until, patientId }: StudyFilter): string {
  const query = new URLSearchParams({ ModalitiesInStudy: 'MR' })
  if (from !== undefined || until !== undefined) query.set('StudyDate', `${from ?? ''}-${until ?? ''}`)
  if (patientId !== undefined) query.set('PatientID', patientId)
  return query.toString()
}

function dayOf(study: Fields): number | undefined {
  const dateMs = parseDateLabel(textOf(study, identifying.studyDate) ?? '')
  return dateMs === undefined ? undefined : dayNumber(dateMs)
}

function keyOf(entry: Fields): string {
  return [identifying.studyUid, identifying.seriesUid].map((tag) => entry.texts(tag)[0] ?? '').join(' ')
}

async function bodyText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxJsonBytes) {
      throw new SequelaError('message_malformed', `The PACS sent a list of more than ${maxJsonBytes} bytes.`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return delay(ms, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
    throw new SequelaError('cancelled', 'the import was stopped; run it again to go on where it stopped', { cause })
  })
}
