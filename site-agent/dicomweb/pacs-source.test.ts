import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../cohort/testsupport/data-set.ts'
import { parseDicomHeader } from '../dicom/dicom-file.ts'
import { type PlannedImage, planImport } from '../dicom/plan.ts'
import { makeSeries, uidOf } from '../dicom/testsupport/series.ts'
import type { Pacs } from './pacs.ts'
import { PassingFault } from './pacs-connection.ts'
import { pacsSource } from './pacs-source.ts'

const made = makeSeries()
const filters = [{ from: '20240101', until: undefined, patientId: undefined }]

/** A PACS with one series; after `cutAfter` files of the series the line is cut. */
function pacsWith(
  cutAfter: number,
  single: (index: number) => Uint8Array = (index) => made[index] ?? new Uint8Array(),
) {
  const asked: number[] = []
  const pacs: Pacs = {
    series: async function* () {
      yield { studyUid: uidOf('study'), seriesUid: uidOf('series') }
    },
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
    await expect((await planned(broken.pacs, incoming)).fetch()).rejects.toMatchObject({ code: 'unreachable' })
    expect(readdirSync(join(incoming, readdirSync(incoming)[0] ?? ''))).toHaveLength(9)
    const { pacs, asked } = pacsWith(made.length)
    expect((await (await planned(pacs, incoming)).fetch()).images).toHaveLength(made.length)
    expect(asked).toHaveLength(made.length - 9)
  })

  test('is refused when the PACS gives other images than it announced', async () => {
    const { pacs } = pacsWith(9, () => made[0] ?? new Uint8Array())
    await expect((await planned(pacs, temporaryFolder())).fetch()).rejects.toMatchObject({ code: 'scan_unreadable' })
  })
})
