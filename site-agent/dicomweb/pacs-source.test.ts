import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { temporaryFolder } from '../cohort/testsupport/data-set.ts'
import { parseDicomHeader } from '../dicom/dicom-file.ts'
import { SeriesMissed } from '../dicom/import-source.ts'
import { type PlannedImage, planImport } from '../dicom/plan.ts'
import { makeSeries, uidOf } from '../dicom/testsupport/series.ts'
import type { ListedSeries, Pacs } from './pacs.ts'
import { AccessRefused, PassingFault } from './pacs-connection.ts'
import { pacsSource } from './pacs-source.ts'

const made = makeSeries()
const filters = [{ from: '20240101', until: undefined, patientId: undefined }]

const listed = (series: string, changes: Partial<ListedSeries> = {}): ListedSeries => ({
  ...{ studyUid: uidOf('study'), seriesUid: uidOf(series) },
  ...{ patientId: 'P1', day: 19_000, seriesNumber: 4, images: made.length },
  ...changes,
})

/** A PACS with one series; after `cutAfter` files of the series the line is cut. */
function pacsWith(
  cutAfter: number,
  single: (index: number) => Uint8Array = (index) => made[index] ?? new Uint8Array(),
) {
  const asked: number[] = []
  const pacs: Pacs = {
    studies: async function* () {
      yield listed('series')
    },
    series: () => Promise.resolve([listed('series')]),
    headers: () => Promise.resolve(made.map((bytes) => parseDicomHeader(bytes).fields)),
    files: async function* () {
      yield* made.slice(0, cutAfter)
      if (cutAfter < made.length) throw new PassingFault('unreachable', 'cut')
    },
    file: (_, sopUid) => {
      const index = made.findIndex((_, at) => uidOf('series', at) === sopUid)
      asked.push(index)
      return Promise.resolve(single(index))
    },
  }
  return { pacs, asked }
}

async function planned(pacs: Pacs, incomingFolder: string) {
  const source = pacsSource({ pacs, filters, incomingFolder })
  const { images } = await source.scan({})
  const childOf = (patientId: string) => ({ patientId, participant: 'sub-x', shiftDays: -50_000, isNew: true })
  const [image] = planImport({ images, map: new Map(), childOf }).children[0]?.visits[0]?.images ?? []
  const fetch = (wanted = image) =>
    source.fetch?.(wanted as PlannedImage) ?? Promise.reject(new Error('nothing to fetch'))
  return { image, fetch }
}

describe('a series of a PACS', () => {
  test('is planned from headers alone and fetched whole', async () => {
    const incoming = temporaryFolder()
    const { pacs, asked } = pacsWith(made.length)
    const { image, fetch } = await planned(pacs, incoming)
    expect(image).toMatchObject({ weighting: 'FLAIR', grid: { spacingMm: [5, 5, 5] } })
    const { images, release } = await fetch()
    expect(images).toHaveLength(made.length)
    expect(asked).toEqual([])
    await release()
    expect(readdirSync(incoming)).toEqual([])
  })

  test('whose transfer was cut goes on with the images that are missing', async () => {
    const { pacs, asked } = pacsWith(9)
    const { fetch } = await planned(pacs, temporaryFolder())
    expect((await fetch()).images).toHaveLength(made.length)
    expect(asked).toEqual(Array.from({ length: made.length - 9 }, (_, index) => 9 + index))
  })

  test('that was half fetched by an earlier run is not fetched twice', async () => {
    const incoming = temporaryFolder()
    const broken = pacsWith(9, () => {
      throw new PassingFault('unreachable', 'still cut')
    })
    await expect((await planned(broken.pacs, incoming)).fetch()).rejects.toBeInstanceOf(SeriesMissed)
    expect(readdirSync(join(incoming, readdirSync(incoming)[0] ?? ''))).toHaveLength(9)
    const { pacs, asked } = pacsWith(made.length)
    expect((await (await planned(pacs, incoming)).fetch()).images).toHaveLength(made.length)
    expect(asked).toHaveLength(made.length - 9)
  })

  test('goes on beside what a kill in the middle of writing left', async () => {
    const incoming = temporaryFolder()
    const broken = pacsWith(9, () => {
      throw new PassingFault('unreachable', 'still cut')
    })
    await expect((await planned(broken.pacs, incoming)).fetch()).rejects.toBeInstanceOf(SeriesMissed)
    const folder = join(incoming, readdirSync(incoming)[0] ?? '')
    const [whole = ''] = readdirSync(folder)
    const bytes = readFileSync(join(folder, whole))
    writeFileSync(join(folder, `${whole}.4711.tmp`), bytes.subarray(0, bytes.length - 100))
    const { pacs } = pacsWith(made.length)
    expect((await (await planned(pacs, incoming)).fetch()).images).toHaveLength(made.length)
  })

  test('is refused when the PACS gives other images than it announced', async () => {
    const { pacs } = pacsWith(9, () => made[0] ?? new Uint8Array())
    await expect((await planned(pacs, temporaryFolder())).fetch()).rejects.toMatchObject({ code: 'scan_unreadable' })
  })

  test.each([
    ['is refused', new SequelaError('pacs_refused', 'the PACS refuses the request (404).')],
    ['is not what was asked for', new SequelaError('message_malformed', 'it is not multipart')],
  ])('whose transfer %s is unreadable, and nothing of it is kept', async (_, refusal) => {
    const incoming = temporaryFolder()
    const { pacs } = pacsWith(9, () => {
      throw refusal
    })
    await expect((await planned(pacs, incoming)).fetch()).rejects.toMatchObject({
      code: 'scan_unreadable',
      message: refusal.message,
    })
    expect(readdirSync(incoming)).toEqual([])
  })
})

describe('a search of a PACS', () => {
  /** Three series, of whose second it says this instead of its headers. */
  const scan = (refusal: Error, changes: Partial<Pacs> = {}) => {
    const { pacs } = pacsWith(made.length)
    const odd = listed('odd', { seriesNumber: 12, images: 6000 })
    return pacsSource({
      pacs: {
        ...pacs,
        series: () => Promise.resolve([listed('series'), odd, listed('another')]),
        headers: (series) => (series === odd ? Promise.reject(refusal) : pacs.headers(series)),
        ...changes,
      },
      ...{ filters, incomingFolder: temporaryFolder() },
    }).scan({})
  }
  const busy = new PassingFault('pacs_refused', 'the PACS cannot answer at the moment (503)')
  const silent = new PassingFault('unreachable', 'the PACS has been silent for too long')

  test.each([
    new SequelaError('message_malformed', 'The PACS sent a list of more than 33554432 bytes.'),
    new SequelaError('pacs_refused', 'the PACS refuses the request (404)'),
    busy,
    silent,
  ])('goes on when it is told of one series: $message', async (refusal) => {
    const { images, unreadableSeries } = await scan(refusal)
    expect(images).toHaveLength(2 * made.length)
    const missed = refusal instanceof PassingFault
    expect(unreadableSeries).toEqual([
      { patientId: 'P1', day: 19_000, seriesNumber: 12, images: 6000, reason: refusal.message, missed },
    ])
  })

  test('goes on when the series of one study are not listed', async () => {
    const studies: Pacs['studies'] = async function* () {
      yield* [listed('series'), { studyUid: '1.2', patientId: 'P1', day: 19_100 }, listed('another')]
    }
    const series: Pacs['series'] = ({ studyUid }) =>
      studyUid === '1.2' ? Promise.reject(busy) : Promise.resolve([listed('series')])
    const { images, unreadableSeries } = await scan(busy, { studies, series })
    expect(images).toHaveLength(2 * made.length)
    const unnamed = { seriesNumber: undefined, images: undefined }
    expect(unreadableSeries).toEqual([{ patientId: 'P1', day: 19_100, ...unnamed, reason: busy.message, missed: true }])
  })

  test('ends when the PACS does not answer searches any more either', async () => {
    let searches = 0
    const studies: Pacs['studies'] = async function* () {
      if (++searches > 1) throw silent
      yield listed('series')
    }
    await expect(scan(busy, { studies })).rejects.toBe(silent)
  })

  test('ends when ten series in a row are not given, and goes on when every other is', async () => {
    const headersAsked: ListedSeries[] = []
    const numbered = Array.from({ length: 40 }, (_, at) => listed(`${at}`, { seriesNumber: at }))
    const series: Pacs['series'] = () => Promise.resolve(numbered)
    const headers = (given: (seriesNumber: number) => boolean): Pacs['headers'] => {
      return (series) => {
        const asked = numbered.filter(({ seriesUid }) => seriesUid === series.seriesUid)
        headersAsked.push(...asked)
        return given(asked[0]?.seriesNumber ?? 0) ? Promise.resolve([]) : Promise.reject(busy)
      }
    }
    const ending = await scan(busy, { series, headers: headers((at) => at < 5) }).catch((error: unknown) => error)
    expect(ending).toMatchObject({ code: 'pacs_refused', message: expect.stringContaining('10 series in a row') })
    expect(ending).not.toBeInstanceOf(SeriesMissed)
    expect(headersAsked).toHaveLength(15)
    const { unreadableSeries } = await scan(busy, { series, headers: headers((at) => at % 2 === 0) })
    expect(unreadableSeries).toHaveLength(20)
  })

  test.each([
    new AccessRefused('pacs_refused', 'the PACS refuses access (403)'),
    new SequelaError('unreachable', 'the PACS cannot be trusted (DEPTH_ZERO_SELF_SIGNED_CERT)'),
    new SequelaError('cancelled', 'the import was stopped'),
  ])('ends when it is told: $message', async (refusal) => {
    await expect(scan(refusal)).rejects.toBe(refusal)
  })
})
